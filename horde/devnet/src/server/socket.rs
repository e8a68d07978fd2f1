//! A websocket of a validator: frames to the miner, and what the miner sends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

use crate::hub::{Hub, Scheduled};
use crate::miner::{ConnectionId, Flood, Frame, Outgoing, Received};

/// Time for a validator to answer a closing handshake.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of a frame that takes no noticeable time to be read.
const PARSED_AT_ONCE_BYTES_MAX: usize = 1 << 20;
/// Pause between two bursts of a flood.
const FLOOD_INTERVAL: Duration = Duration::from_millis(10);
/// Bursts in a second.
const FLOODS_PER_SECOND: u32 = 100;
/// What a frame of a flood says.
const FLOOD_FRAME: &str = "{\"message_type\":\"GenericError\",\"details\":null}";

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Serves a socket until either side ends it.
pub(super) async fn serve(hub: Arc<Hub>, socket: Socket, validator: &str) {
    let (sink, stream) = socket.split();
    let (connection, queue) = hub.connect(validator);
    // Whichever ends first ends the connection, since both halves are dropped then.
    tokio::select! {
        biased;
        () = read(&hub, connection, stream) => {}
        _ = Writer::new(sink, queue).run() => {}
    }
    hub.disconnect(connection);
}

async fn read(hub: &Arc<Hub>, connection: ConnectionId, mut stream: SplitStream<Socket>) {
    while let Some(Ok(message)) = stream.next().await {
        let at_us = hub.now_us();
        let received = match message {
            Message::Text(text) => parse(text).await,
            Message::Binary(_) => Received::Binary,
            Message::Ping(_) => Received::Ping,
            // After a close frame the stream answers it, then ends.
            Message::Pong(_) | Message::Close(_) | Message::Frame(_) => continue,
        };
        if !hub.receive(connection, received, at_us) {
            // The validator's frames pile up, while the writer goes on.
            std::future::pending().await
        }
    }
}

/// Reads a text frame; a large one aside, so that it delays no other connection.
async fn parse(text: Utf8Bytes) -> Received {
    if text.len() <= PARSED_AT_ONCE_BYTES_MAX {
        return Received::parse(&text);
    }
    let parsed = tokio::task::spawn_blocking(move || Received::parse(&text)).await;
    parsed.unwrap_or_else(|error| Received::Malformed(error.to_string()))
}

/// What sends: each thing at its time, and those of the same time in their order.
struct Writer {
    sink: SplitSink<Socket, Message>,
    queue: mpsc::Receiver<Scheduled>,
    /// What is not sent yet, by its time and its number.
    scheduled: BTreeMap<(Instant, u64), Outgoing>,
    taken_count: u64,
    flood: Option<Flood>,
    bursts: Interval,
}

impl Writer {
    fn new(sink: SplitSink<Socket, Message>, queue: mpsc::Receiver<Scheduled>) -> Self {
        let mut bursts = interval(FLOOD_INTERVAL);
        bursts.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            sink,
            queue,
            scheduled: BTreeMap::new(),
            taken_count: 0,
            flood: None,
            bursts,
        }
    }

    /// Sends what is queued, until the connection is to end or cannot be written to.
    async fn run(mut self) -> Result<(), Error> {
        loop {
            while let Ok(scheduled) = self.queue.try_recv() {
                self.schedule(scheduled);
            }
            let Some(outgoing) = self.take_due() else {
                // Frames that are due together go out together.
                self.sink.flush().await?;
                if self.wait().await? {
                    continue;
                }
                return Ok(());
            };
            match outgoing {
                Outgoing::Frame(frame) => self.sink.feed(message(frame)).await?,
                Outgoing::Flood(flood) => self.flood = flood,
                Outgoing::Drop => return self.sink.flush().await,
                Outgoing::Close { code } => {
                    let frame = CloseFrame {
                        code: code.into(),
                        reason: Utf8Bytes::default(),
                    };
                    self.sink.send(Message::Close(Some(frame))).await?;
                    // The reader ends when the validator has answered.
                    sleep(CLOSE_TIMEOUT).await;
                    return Ok(());
                }
            }
        }
    }

    fn schedule(&mut self, scheduled: Scheduled) {
        let key = (scheduled.not_before, self.taken_count);
        self.taken_count += 1;
        self.scheduled.insert(key, scheduled.outgoing);
    }

    fn take_due(&mut self) -> Option<Outgoing> {
        let first = self.scheduled.first_entry()?;
        let (not_before, _) = *first.key();
        (not_before <= Instant::now()).then(|| first.remove())
    }

    /// Waits for something to do, and floods. Returns false if the connection is to end.
    async fn wait(&mut self) -> Result<bool, Error> {
        let first = self.scheduled.first_key_value();
        let due = first.map(|((not_before, _), _)| *not_before);
        tokio::select! {
            biased;
            scheduled = self.queue.recv() => match scheduled {
                Some(scheduled) => self.schedule(scheduled),
                None => return Ok(false),
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            _ = self.bursts.tick(), if self.flood.is_some() => {
                if let Some(flood) = self.flood {
                    self.burst(flood).await?;
                }
            }
        }
        Ok(true)
    }

    async fn burst(&mut self, flood: Flood) -> Result<(), Error> {
        let (per_second, message) = match flood {
            Flood::Pings { per_second } => (per_second, Message::Ping(Bytes::new())),
            Flood::Frames { per_second } => (per_second, Message::text(FLOOD_FRAME)),
        };
        for _ in 0..per_second.div_ceil(FLOODS_PER_SECOND) {
            self.sink.feed(message.clone()).await?;
        }
        self.sink.flush().await
    }
}

fn message(frame: Frame) -> Message {
    match frame {
        Frame::Text(text) => Message::text(text),
        Frame::Binary(bytes) => Message::binary(bytes),
    }
}
