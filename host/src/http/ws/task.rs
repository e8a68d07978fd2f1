//! The task of one connection: opens it, reads from it, writes what writers could not, and ends it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tig_plugin_api::{WsEventKind, WsOpen};
use tokio::io::ReadBuf;
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tracing::debug;

use super::connection::{Connection, poll_step};
use super::dial::Dialer;
use super::ending::Ending;
use super::events;
use super::handshake::Opened;
use super::incoming::{Incoming, Message, Violation};
use super::stream::Stream;
use crate::runtime::long_messages::LongMessage;
use crate::runtime::socket_event::Unhandled;

/// Longest time from a close of the extension to its answer by the peer, with the frames that go before.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time that is read on after writing has failed: the peer may have said why before.
const BROKEN_TIMEOUT: Duration = Duration::from_secs(1);

/// Longest time to send a close frame and to wait for the peer's end, after the end was reported.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest time for a long message, from when there was room for it: it keeps others waiting.
const LONG_MESSAGE_TIMEOUT: Duration = Duration::from_secs(120);

/// A time that comes so much too late was not waited for: the process was stopped, and its peers are not to blame.
const LATE_MAX: Duration = Duration::from_millis(500);

/// Bytes that are read at once, by each thread.
const READ_BYTES: usize = 64 << 10;

/// After so many bytes other connections of the thread have their turn: a flood of pings is never handled at one go.
const TURN_BYTES: usize = 8 << 10;

/// Longest interval that is waited for: longer ones are as good as none. A month.
const INTERVAL_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

thread_local! {
    /// Where a thread reads, so that idle connections need no memory.
    static SPACE: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Opens a connection and serves it to its end. `forget` is called before the end is reported.
pub(super) async fn run(
    connection: Arc<Connection>,
    dialer: &Dialer,
    open: Box<WsOpen>,
    forget: impl FnOnce(&Arc<Connection>),
) {
    let (extension, tag) = (&*connection.owner.name, &*connection.tag);
    // In a box of its own, which is gone when the connection is open.
    let opened = Box::pin(async {
        tokio::select! {
            opened = dialer.dial(&open) => opened,
            ending = given_up(&connection) => Err(ending),
        }
    });
    let (stream, ending) = match opened.await {
        Err(ending) => (None, ending),
        Ok(Opened { stream, ahead }) => {
            let stream = Arc::new(stream);
            connection.open(&stream);
            debug!(extension, tag, "connection opened");
            let session = Session::new(&connection, &stream, &open);
            drop(open);
            let ending = session.serve(ahead).await;
            (Some(stream), ending)
        }
    };
    forget(&connection);
    let (class, code) = (ending.class, ending.code);
    debug!(extension, tag, ?class, code, "connection ended");
    connection.end(ending);
    if let Some(stream) = stream {
        // A peer that does not take its close frame in time goes without.
        let _ = timeout(FAREWELL_TIMEOUT, say_farewell(&connection, &stream)).await;
    }
}

/// Completes when the extension closes a connection that is not open yet and has nothing to send.
async fn given_up(connection: &Connection) -> Ending {
    loop {
        if let Some(close) = connection.close()
            && connection.unsent_frames() == 0
        {
            return Ending {
                code: None,
                ..Ending::local(&close)
            };
        }
        connection.woken.notified().await;
    }
}

/// Writes what is left, and waits for the peer's end: closing before would make the system throw away what the peer has not read.
async fn say_farewell(connection: &Connection, stream: &Stream) -> io::Result<()> {
    let mut outbox = connection.take_outbox();
    let written = poll_fn(|context| {
        loop {
            match ready!(poll_step(&mut outbox, stream, context)) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(_) => {}
                Err(reason) => return Poll::Ready(Err(io::Error::other(reason))),
            }
        }
    });
    written.await?;
    poll_fn(|context| stream.poll_shutdown(context)).await?;
    while poll_fn(|context| poll_read(stream, context, |_| ())).await? > 0 {}
    Ok(())
}

/// Reads once into the thread's space; the number of bytes, 0 at the end.
fn poll_read(
    stream: &Stream,
    context: &mut Context<'_>,
    take: impl FnOnce(&[u8]),
) -> Poll<io::Result<usize>> {
    SPACE.with_borrow_mut(|space| {
        let mut read = ReadBuf::new(space);
        ready!(stream.poll_read(context, &mut read))?;
        take(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    })
}

/// An open connection.
struct Session<'a> {
    connection: &'a Connection,
    stream: &'a Stream,
    incoming: Incoming,
    unhandled: Arc<Unhandled>,
    /// Whether reading waits for the extension.
    is_paused: bool,
    /// How much room reading waits for.
    awaited_bytes: Option<usize>,
    /// The room for the long message that is being read, and when it must be whole.
    long: Option<(LongMessage, Instant)>,
    /// Whether others are to have their turn.
    has_read_much: bool,
    ping_interval: Option<Duration>,
    silent_max: Option<Duration>,
    next_ping: Instant,
    /// When the peer has sent something last.
    heard: Instant,
    /// When the last bytes came, in Unix microseconds: frames that they complete came then.
    heard_us: u64,
    /// When the connection ends if the peer does not end it before.
    gives_up: Option<Instant>,
}

/// What a session has waited for.
enum Step {
    /// Something was written, or there is something to write.
    Written,
    /// The extension has handled frames.
    Room,
    /// There is room for a long message.
    LongRoom(Option<LongMessage>),
    /// Bytes were read.
    Read(io::Result<usize>),
    /// A time has come.
    Time,
}

impl<'a> Session<'a> {
    fn new(connection: &'a Connection, stream: &'a Stream, open: &WsOpen) -> Self {
        let now = Instant::now();
        let ping_interval = interval(open.ping_every_ms);
        Self {
            connection,
            stream,
            incoming: Incoming::new(open.frame_bytes_max),
            unhandled: Arc::default(),
            is_paused: false,
            awaited_bytes: None,
            long: None,
            has_read_much: false,
            ping_interval,
            silent_max: interval(open.silent_ms_max),
            next_ping: now + ping_interval.unwrap_or_default(),
            heard: now,
            heard_us: stream.arrived_us(),
            gives_up: None,
        }
    }

    async fn serve(mut self, ahead: Vec<u8>) -> Ending {
        self.incoming.push(&ahead);
        drop(ahead);
        let mut timer = pin!(sleep_until(Instant::now() + INTERVAL_MAX));
        loop {
            if let Some(ending) = self.handle_messages() {
                return ending;
            }
            if std::mem::take(&mut self.has_read_much) {
                yield_now().await;
            }
            self.see_close();
            // Moved only when it is too late or over: each frame moves what it stands for.
            let next = self.next_time();
            if next < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(next);
            }
            let ending = match self.step(timer.as_mut()).await {
                Step::Written => None,
                Step::Room => {
                    self.hear();
                    None
                }
                Step::LongRoom(room) => {
                    self.hear();
                    self.long = room.map(|room| (room, Instant::now() + LONG_MESSAGE_TIMEOUT));
                    None
                }
                Step::Read(read) => self.see_read(read),
                Step::Time => self.see_time(Instant::now()),
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
    }

    async fn step(&mut self, timer: Pin<&mut Sleep>) -> Step {
        let Self {
            connection,
            stream,
            incoming,
            unhandled,
            is_paused,
            awaited_bytes,
            ..
        } = self;
        let read = async {
            if *is_paused {
                unhandled.room().await;
                return Step::Room;
            }
            if let Some(bytes) = *awaited_bytes {
                return Step::LongRoom(connection.owner.long_messages.take(bytes).await);
            }
            let read = poll_fn(|context| poll_read(stream, context, |bytes| incoming.push(bytes)));
            Step::Read(read.await)
        };
        tokio::select! {
            biased;
            () = connection.woken.notified() => Step::Written,
            () = poll_fn(|context| connection.poll_write(context)), if connection.can_write() => Step::Written,
            step = read => step,
            () = timer => Step::Time,
        }
    }

    /// Passes on the messages that are there, as far as the extension takes them.
    fn handle_messages(&mut self) -> Option<Ending> {
        loop {
            self.is_paused = !self.unhandled.has_room();
            if self.is_paused {
                return None;
            }
            match self.incoming.next() {
                Ok(Some(message)) => {
                    if let Some(ending) = self.handle(message) {
                        return Some(ending);
                    }
                }
                Ok(None) => {
                    let long_bytes = self.incoming.long_bytes();
                    self.awaited_bytes = long_bytes.filter(|_| self.long.is_none());
                    return None;
                }
                Err(violation) => return Some(violation.into()),
            }
        }
    }

    fn handle(&mut self, message: Message) -> Option<Ending> {
        let connection = self.connection;
        match message {
            Message::Text(text) => {
                let long = self.long.take().map(|(room, _)| room);
                let room = self.unhandled.count(text.len(), long);
                let frames = &connection.owner.frames;
                frames.received.fetch_add(1, Ordering::Relaxed);
                let at_us = self.heard_us;
                let kind = WsEventKind::Frame { text, at_us };
                events::put(&connection.owner, &connection.tag, kind, Some(room));
            }
            Message::Ping(payload) => connection.push_pong(payload),
            Message::Pong => {}
            Message::Close(close) => {
                return Some(match connection.said_close() {
                    Some(own) => Ending::local(&own),
                    None => Ending::peer(close),
                });
            }
        }
        None
    }

    /// Bounds the time of a connection that is to end.
    fn see_close(&mut self) {
        if self.gives_up.is_some() {
            return;
        }
        if self.connection.is_broken() {
            self.gives_up = Some(Instant::now() + BROKEN_TIMEOUT);
        } else if self.connection.close().is_some() {
            self.gives_up = Some(Instant::now() + CLOSE_TIMEOUT);
        }
    }

    fn see_read(&mut self, read: io::Result<usize>) -> Option<Ending> {
        match read {
            Ok(0) => {
                Some(self.cut_ending("the peer has ended the connection without a close frame"))
            }
            Ok(bytes) => {
                self.has_read_much = bytes >= TURN_BYTES;
                self.hear();
                self.heard_us = self.stream.arrived_us();
                None
            }
            Err(error) => Some(self.cut_ending(&error.to_string())),
        }
    }

    fn see_time(&mut self, now: Instant) -> Option<Ending> {
        if self.gives_up.is_some_and(|at| at <= now) {
            return Some(self.cut_ending("the peer does not end it"));
        }
        if let Some((_, by)) = &mut self.long
            && *by <= now
        {
            if !self.is_paused {
                return Some(Violation::TooSlow(LONG_MESSAGE_TIMEOUT.as_secs()).into());
            }
            // Nothing was read, so the peer could not go on.
            *by = now + LONG_MESSAGE_TIMEOUT;
        }
        if let Some(silent_max) = self.silent_max {
            let waits = self.is_paused || self.awaited_bytes.is_some();
            if waits || self.heard + silent_max + LATE_MAX < now {
                // Nothing was read, so nothing could be heard.
                self.hear();
            } else if self.heard + silent_max <= now {
                return Some(Ending::silent(silent_max));
            }
        }
        if let Some(interval) = self.ping_interval
            && self.next_ping <= now
        {
            self.connection.push_ping();
            self.next_ping = now + interval;
        }
        None
    }

    /// When something is due next.
    fn next_time(&self) -> Instant {
        let silent = self.silent_max.map(|silent| self.heard + silent);
        let ping = self.ping_interval.map(|_| self.next_ping);
        let long = self.long.as_ref().map(|(_, by)| *by);
        let times = [silent, ping, long, self.gives_up].into_iter().flatten();
        times.min().unwrap_or(self.heard + INTERVAL_MAX)
    }

    fn hear(&mut self) {
        self.heard = Instant::now();
    }

    /// The end of a connection on which the peer says no more.
    fn cut_ending(&self, reason: &str) -> Ending {
        match self.connection.close() {
            Some(close) => Ending::local(&close),
            None => Ending::broken(self.connection.broken().as_deref().unwrap_or(reason)),
        }
    }
}

/// The interval that an extension asks for; `None` for 0.
fn interval(ms: u64) -> Option<Duration> {
    (ms > 0).then(|| Duration::from_millis(ms).min(INTERVAL_MAX))
}
