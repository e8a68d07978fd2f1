//! A websocket of a validator: frames to the facilitator, and what it sends.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::facilitator::fault::Ending;
use crate::facilitator::hub::{Hub, Scheduled, SocketAction};

/// Time for a validator to answer a closing handshake.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a frozen connection is held.
const FREEZE_TIMEOUT: Duration = Duration::from_secs(600);
/// Messages that are read before something is sent.
const EARLY_COUNT_MAX: usize = 64;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Serves a socket until either side ends it.
pub(super) async fn serve(hub: &Hub, socket: Socket, version: Option<&str>) {
    let (connection, queue) = hub.connect(version);
    let session = Session {
        connection,
        socket,
        queue,
        scheduled: BTreeMap::new(),
        taken_count: 0,
    };
    // A connection that fails is one that has ended.
    let _ = session.run(hub).await;
    hub.disconnect(connection);
}

/// Whether all that earlier messages have caused is sent when a message is read.
#[derive(Clone, Copy)]
enum Order {
    First,
    Early,
}

struct Session {
    connection: u64,
    socket: Socket,
    queue: mpsc::Receiver<Scheduled>,
    /// What is not sent yet, by its time and its number.
    scheduled: BTreeMap<(Instant, u64), SocketAction>,
    taken_count: u64,
}

impl Session {
    async fn run(mut self, hub: &Hub) -> Result<(), Error> {
        loop {
            while let Some(action) = self.take_due() {
                match action {
                    SocketAction::Send(text) => self.socket.send(Message::text(text)).await?,
                    SocketAction::End(ending) => return self.end(ending).await,
                }
            }
            let due = self.scheduled.first_key_value();
            let due = due.map(|((not_before, _), _)| *not_before);
            tokio::select! {
                // What was decided goes out before more is read.
                biased;
                scheduled = self.queue.recv() => match scheduled {
                    Some(scheduled) => self.schedule(scheduled),
                    None => return Ok(()),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                message = self.socket.next() => match message {
                    Some(message) => self.read_all(hub, message)?,
                    None => return Ok(()),
                },
            }
        }
    }

    fn schedule(&mut self, scheduled: Scheduled) {
        let key = (scheduled.not_before, self.taken_count);
        self.taken_count += 1;
        self.scheduled.insert(key, scheduled.action);
    }

    fn take_due(&mut self) -> Option<SocketAction> {
        let first = self.scheduled.first_entry()?;
        let (not_before, _) = *first.key();
        (not_before <= Instant::now()).then(|| first.remove())
    }

    /// Reads a message, and those that have come already: the validator has not waited for an answer to the first one.
    fn read_all(&mut self, hub: &Hub, first: Result<Message, Error>) -> Result<(), Error> {
        self.read(hub, first, Order::First)?;
        for _ in 0..EARLY_COUNT_MAX {
            let Some(Some(message)) = self.socket.next().now_or_never() else {
                break;
            };
            self.read(hub, message, Order::Early)?;
        }
        Ok(())
    }

    fn read(&self, hub: &Hub, message: Result<Message, Error>, order: Order) -> Result<(), Error> {
        let id = self.connection;
        match message {
            Ok(Message::Text(text)) => hub.receive(|core, now| match order {
                Order::First => core.receive(id, &text, now),
                Order::Early => core.receive_early(id, &text, now),
            }),
            Ok(Message::Binary(_)) => hub.receive(|core, now| core.receive_binary(id, now)),
            // The writing half still works, so that the closing handshake can say why.
            Err(Error::Capacity(_)) => hub.receive(|core, now| core.receive_too_large(id, now)),
            Err(error) => return Err(error),
            // After a close frame the stream answers it, then ends.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_)) => {}
        }
        Ok(())
    }

    async fn end(mut self, ending: Ending) -> Result<(), Error> {
        let code = match ending {
            Ending::Close(code) => code,
            Ending::Drop => return Ok(()),
            Ending::Freeze => {
                // The queue is closed when the facilitator ends.
                let frozen = async { while self.queue.recv().await.is_some() {} };
                let _ = timeout(FREEZE_TIMEOUT, frozen).await;
                return Ok(());
            }
        };
        let frame = CloseFrame {
            code: code.into(),
            reason: Utf8Bytes::default(),
        };
        self.socket.send(Message::Close(Some(frame))).await?;
        let rest = async { while let Some(Ok(_)) = self.socket.next().await {} };
        // Without an answer the connection ends all the same.
        let _ = timeout(CLOSING_TIMEOUT, rest).await;
        Ok(())
    }
}
