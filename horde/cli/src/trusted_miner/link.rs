//! A websocket to a miner (section 2.2): one message after another, each awaited until a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use horde_events::MinerAddress;
use horde_proto::miner::{MINER_FRAME_BYTES_MAX, ToMiner, ToValidator, validator_path};
use tokio_tungstenite::tungstenite::client::client_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, HandshakeError, Message, WebSocket};

/// Longest time to connect.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for the handshake, and to send a frame.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// Characters that are shown of what a miner says.
const SAID_CHARS_MAX: usize = 300;

/// Why there is no connection any more, or none at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkFault {
    /// No connection.
    #[error("{address} cannot be reached: {source}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// Something else listens there.
    #[error("{address} does not speak as a miner: {reason}")]
    Handshake {
        /// Host and port.
        address: String,
        /// What it did.
        reason: String,
    },
    /// The miner has said why, and closed the connection.
    #[error("it says {:?}", shown(.0))]
    Refused(String),
    /// The connection has ended.
    #[error("it has closed the connection: {0}")]
    Closed(String),
    /// A frame that no miner sends.
    #[error("it sends what is not a message of a miner: {0}")]
    Frame(String),
}

/// A connection to a miner.
pub(crate) struct Link {
    socket: WebSocket<TimedStream>,
}

/// A stream that is read until its deadline only, however slowly bytes come.
struct TimedStream {
    stream: TcpStream,
    deadline: Instant,
}

impl Read for TimedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}

impl Write for TimedStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Link {
    /// Connects to a miner as the validator with this SS58 address.
    ///
    /// # Errors
    ///
    /// See [`LinkFault`].
    pub(crate) fn open(miner: &MinerAddress, validator: &str) -> Result<Self, LinkFault> {
        let address = authority(miner);
        let stream = connect(miner).map_err(|source| LinkFault::Unreachable {
            address: address.clone(),
            source,
        })?;
        let config = WebSocketConfig::default()
            .max_frame_size(Some(MINER_FRAME_BYTES_MAX))
            .max_message_size(Some(MINER_FRAME_BYTES_MAX));
        let url = format!("ws://{address}{}", validator_path(validator));
        let stream = TimedStream {
            stream,
            deadline: Instant::now() + STEP_TIMEOUT,
        };
        let opened = client_with_config(url, stream, Some(config));
        let (socket, _) = opened.map_err(|error| LinkFault::Handshake {
            address,
            reason: match error {
                HandshakeError::Failure(Error::Http(response)) => {
                    format!("it answers {}", response.status())
                }
                HandshakeError::Failure(error) => error.to_string(),
                HandshakeError::Interrupted(_) => {
                    format!("no handshake within {} s", STEP_TIMEOUT.as_secs())
                }
            },
        })?;
        Ok(Self { socket })
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub(crate) fn send(&mut self, message: &ToMiner) -> Result<(), LinkFault> {
        let sent = self.socket.send(Message::text(message.to_text()));
        sent.map_err(|error| LinkFault::Closed(error.to_string()))
    }

    /// The next message, or `None` if none comes until the deadline.
    ///
    /// # Errors
    ///
    /// The connection has ended, or the miner sends something else.
    pub(crate) fn next(&mut self, deadline: Instant) -> Result<Option<ToValidator>, LinkFault> {
        self.socket.get_mut().deadline = deadline;
        loop {
            if deadline <= Instant::now() {
                return Ok(None);
            }
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let message = ToValidator::parse(&text);
                    return match message {
                        Ok(message) => Ok(Some(message)),
                        Err(error) => Err(LinkFault::Frame(error.to_string())),
                    };
                }
                Ok(Message::Binary(_)) => {
                    return Err(LinkFault::Frame("a binary frame".to_owned()));
                }
                Ok(Message::Close(frame)) => {
                    let reason = frame.map(|frame| format!("code {}", u16::from(frame.code)));
                    let reason = reason.unwrap_or_else(|| "without a code".to_owned());
                    return Err(LinkFault::Closed(reason));
                }
                // A pong is sent by the library.
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(LinkFault::Closed(error.to_string())),
            }
        }
    }
}

fn shown(said: &str) -> &str {
    let end = said.char_indices().nth(SAID_CHARS_MAX);
    end.map_or(said, |(end, _)| &said[..end])
}

/// Host and port as a URL has them.
pub(super) fn authority(miner: &MinerAddress) -> String {
    match miner.host.contains(':') {
        true => format!("[{}]:{}", miner.host, miner.port),
        false => format!("{}:{}", miner.host, miner.port),
    }
}

/// Connects to the first address that answers.
fn connect(miner: &MinerAddress) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in (miner.host.as_str(), miner.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, OPEN_TIMEOUT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(STEP_TIMEOUT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Each byte comes in time, and the message never.
    #[test]
    fn message_that_trickles_ends_at_its_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let miner = MinerAddress {
            hotkey: String::new(),
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
        };
        let peer = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut socket = tokio_tungstenite::tungstenite::accept(stream).unwrap();
            // The head of a text of 60,000 bytes.
            let mut sent = socket.get_mut().write_all(&[0x81, 126, 0xea, 0x60]);
            while sent.is_ok() {
                thread::sleep(Duration::from_millis(5));
                sent = socket.get_mut().write_all(b"x");
            }
        });
        let mut link = Link::open(&miner, "5C").unwrap();
        let deadline = Instant::now() + Duration::from_millis(50);
        assert!(link.next(deadline).unwrap().is_none());
        drop(link);
        peer.join().unwrap();
    }
}
