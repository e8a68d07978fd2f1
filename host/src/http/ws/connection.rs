//! A connection, as the threads that write on it see it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tig_plugin_api::{WsClose, WsEventKind};
use tokio::sync::Notify;

use super::ending::Ending;
use super::events;
use super::outbox::Outbox;
use super::stream::Stream;
use crate::runtime::clock::Clock;
use crate::runtime::sockets::{Frame, SocketOwner, Unsent};

/// Bytes that are written on one connection before others have their turn.
const TURN_BYTES_MAX: usize = 256 << 10;

/// Connections by extension and tag.
pub(super) type Connections = HashMap<(Arc<str>, Arc<str>), Arc<Connection>>;

/// A connection of an extension.
pub(super) struct Connection {
    /// The extension.
    pub owner: SocketOwner,
    /// Its tag.
    pub tag: Arc<str>,
    /// Bytes that wait to be sent.
    unsent: Arc<Unsent>,
    clock: Clock,
    state: Mutex<State>,
    /// Lets the connection's own task go on.
    pub woken: Notify,
    /// Whether a writer is about to write on it.
    is_scheduled: AtomicBool,
}

#[derive(Default)]
struct State {
    outbox: Outbox,
    /// Set when the handshake is complete.
    stream: Option<Arc<Stream>>,
    /// The stream has taken bytes that the kernel may not have: TLS keeps some until it is flushed.
    is_unflushed: bool,
    /// When the stream was given the last bytes that it has taken since it was flushed, in Unix microseconds.
    given_us: Option<u64>,
    /// Why nothing can be written any more.
    broken: Option<String>,
    /// Its end was reported: nothing is reported after it.
    has_ended: bool,
}

impl Connection {
    /// A connection that is not open yet.
    #[must_use]
    pub(super) fn new(owner: &SocketOwner, tag: &str, clock: Clock) -> Self {
        Self {
            owner: owner.clone(),
            tag: tag.into(),
            // Taken when the effects were submitted; a connection without its tag counts for itself.
            unsent: owner.tags.unsent(tag).unwrap_or_default(),
            clock,
            state: Mutex::default(),
            woken: Notify::new(),
            is_scheduled: AtomicBool::new(false),
        }
    }

    /// Adds a frame, which [`Connection::write`] writes.
    pub(super) fn push(&self, frame: Frame) {
        self.lock().outbox.push(frame);
    }

    /// Adds a pong.
    pub(super) fn push_pong(&self, payload: Vec<u8>) {
        self.lock().outbox.push_pong(payload);
    }

    /// Adds a ping.
    pub(super) fn push_ping(&self) {
        self.lock().outbox.push_ping();
    }

    /// Asks for a close after the frames that wait.
    pub(super) fn push_close(&self, close: WsClose) {
        self.lock().outbox.push_close(close);
        self.woken.notify_one();
    }

    /// Closes for an extension that is gone: a connection that is not open yet is given up, with its frames.
    pub(super) fn give_up(&self, close: WsClose) {
        let mut state = self.lock();
        if state.stream.is_none() {
            state.outbox.drop_frames();
        }
        state.outbox.push_close(close);
        drop(state);
        self.woken.notify_one();
    }

    /// How the connection is closed by this side, if it is.
    #[must_use]
    pub(super) fn close(&self) -> Option<WsClose> {
        self.lock().outbox.close().cloned()
    }

    /// How the connection is closed by this side, if the close frame was written or is about to be.
    #[must_use]
    pub(super) fn said_close(&self) -> Option<WsClose> {
        let state = self.lock();
        let close = state.outbox.close().cloned();
        close.filter(|_| state.outbox.is_closed())
    }

    /// Number of frames that wait.
    #[must_use]
    pub(super) fn unsent_frames(&self) -> usize {
        self.lock().outbox.unsent()
    }

    /// Whether bytes wait that can be written, or be flushed.
    #[must_use]
    pub(super) fn can_write(&self) -> bool {
        let state = self.lock();
        state.broken.is_none() && (state.is_unflushed || !state.outbox.is_empty())
    }

    /// Whether nothing can be written any more.
    #[must_use]
    pub(super) fn is_broken(&self) -> bool {
        self.lock().broken.is_some()
    }

    /// Why nothing can be written any more, if so.
    #[must_use]
    pub(super) fn broken(&self) -> Option<String> {
        self.lock().broken.clone()
    }

    /// Reports that the handshake is complete, and lets frames be written.
    pub(super) fn open(&self, stream: &Arc<Stream>) {
        let at_us = self.clock.now_us();
        let mut state = self.lock();
        // Before the lock is free, after which a writer may report frames.
        events::put(&self.owner, &self.tag, WsEventKind::Opened { at_us }, None);
        state.stream = Some(Arc::clone(stream));
    }

    /// Reports the end, once. Nothing is written or reported afterwards.
    pub(super) fn end(&self, ending: Ending) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.has_ended, true) {
            return;
        }
        let kind = WsEventKind::Closed {
            code: ending.code,
            reason: ending.reason,
            class: ending.class,
            unsent: state.outbox.unsent() as u64,
        };
        state.outbox.end_with(ending.farewell);
        events::put(&self.owner, &self.tag, kind, None);
    }

    /// What is left to be written after the end: the rest of a frame, and a close frame.
    #[must_use]
    pub(super) fn take_outbox(&self) -> Outbox {
        std::mem::take(&mut self.lock().outbox)
    }

    /// Whether a writer must be asked to write: `false` if one was asked already.
    #[must_use]
    pub(super) fn schedule(&self) -> bool {
        !self.is_scheduled.swap(true, Ordering::AcqRel)
    }

    /// Writes what the peer takes at once; the connection's own task writes the rest.
    pub(super) fn write(&self) {
        // Before the frames are looked at: those that come later ask for a writer again.
        self.is_scheduled.store(false, Ordering::Release);
        let mut context = Context::from_waker(Waker::noop());
        if self.poll_write(&mut context).is_pending() {
            self.woken.notify_one();
        }
    }

    /// Writes what waits, up to [`TURN_BYTES_MAX`]. Ready when nothing is left or can be written.
    pub(super) fn poll_write(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let state = &mut *state;
        let Some(stream) = &state.stream else {
            return Poll::Ready(());
        };
        if state.has_ended || state.broken.is_some() {
            return Poll::Ready(());
        }
        let is_direct = stream.is_direct();
        let mut written = 0;
        loop {
            // Before the system has the bytes: this thread may have to wait for a processor right after that, and a peer's
            // answer must never be older than what it answers.
            let now_us = self.clock.now_us();
            let step = poll_step(&mut state.outbox, stream, context);
            if is_direct {
                self.report_written(&mut state.outbox, now_us);
            } else {
                state.is_unflushed = !matches!(step, Poll::Ready(Ok(0)));
                match step {
                    Poll::Ready(Ok(0)) => {
                        let given_us = state.given_us.take().unwrap_or(now_us);
                        self.report_written(&mut state.outbox, given_us);
                    }
                    Poll::Ready(Ok(_)) => state.given_us = Some(now_us),
                    // The rest goes to the kernel in a later step.
                    _ => state.given_us = None,
                }
            }
            match step {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(()),
                Poll::Ready(Ok(bytes)) => written += bytes,
                Poll::Ready(Err(reason)) => {
                    state.broken = Some(reason);
                    self.woken.notify_one();
                    return Poll::Ready(());
                }
            }
            if written >= TURN_BYTES_MAX {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    fn report_written(&self, outbox: &mut Outbox, at_us: u64) {
        while let Some(done) = outbox.next_done() {
            self.unsent.sent(done.bytes);
            self.owner.frames.sent.fetch_add(1, Ordering::Relaxed);
            if let Some(frame) = done.number {
                let kind = WsEventKind::Written { frame, at_us };
                events::put(&self.owner, &self.tag, kind, None);
            }
        }
    }

    /// Each change is one assignment, so poisoned contents are still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes once; the number of bytes, 0 if all are with the kernel.
pub(super) fn poll_step(
    outbox: &mut Outbox,
    stream: &Stream,
    context: &mut Context<'_>,
) -> Poll<Result<usize, String>> {
    let ready = match outbox.fill() {
        Ok(ready) => ready,
        Err(error) => return Poll::Ready(Err(format!("no random numbers: {error}"))),
    };
    if ready.is_empty() {
        let flushed = stream.poll_flush(context);
        return flushed.map(|done| done.map(|()| 0).map_err(|error| error.to_string()));
    }
    let written = stream.poll_write(context, ready);
    written.map(|done| match done {
        Ok(0) => Err("the system takes no more bytes".to_owned()),
        Ok(bytes) => {
            outbox.advance(bytes);
            Ok(bytes)
        }
        Err(error) => Err(error.to_string()),
    })
}
