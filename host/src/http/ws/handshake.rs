//! The handshake of a websocket (RFC 6455, section 4), and where the frames after it begin.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tig_plugin_api::WsCloseClass;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::header::LOCATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, http};

use super::ending::Ending;
use super::request::Target;
use super::stream::Stream;

/// Bytes that are read at once before the handshake is complete.
const READ_BYTES: usize = 4 << 10;

/// Characters of a redirect's target that are kept.
const REDIRECT_CHARS_MAX: usize = 200;

/// First bytes of TLS records of an alert and of a handshake.
const TLS_RECORDS: [u8; 2] = [21, 22];

/// A connection whose handshake is complete.
#[derive(Debug)]
pub(super) struct Opened {
    pub stream: Stream,
    /// What the peer has sent after its answer.
    pub ahead: Vec<u8>,
}

/// Asks the peer to speak websocket.
///
/// # Errors
///
/// The peer answers otherwise, or does not.
pub(super) async fn shake_hands(target: Target, stream: Stream) -> Result<Opened, Ending> {
    let mut head = Head {
        stream,
        first: None,
        ahead: Vec::new(),
        line: Line::default(),
    };
    // Frames are read and written elsewhere, so no buffers for them are needed.
    let buffers = WebSocketConfig::default();
    let buffers = buffers.read_buffer_size(0).write_buffer_size(0);
    let shaken = client_async_with_config(target.request, &mut head, Some(buffers)).await;
    match shaken.map(drop) {
        Ok(()) => Ok(Opened {
            stream: head.stream,
            ahead: head.ahead,
        }),
        Err(error) => Err(ending(&error, head.first)),
    }
}

fn ending(error: &Error, first: Option<u8>) -> Ending {
    let class = match error {
        Error::Io(_) => WsCloseClass::Broken,
        _ => WsCloseClass::Handshake,
    };
    let reason = match error {
        Error::Http(response) => answer_text(response),
        _ if first.is_some_and(|byte| TLS_RECORDS.contains(&byte)) => {
            "the peer speaks TLS; use a URL with wss://".to_owned()
        }
        Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            "the peer has closed the connection in place of an answer to the handshake".to_owned()
        }
        _ => format!("the peer's answer to the handshake is not valid: {error}"),
    };
    Ending::new(class, reason)
}

fn answer_text(response: &Response) -> String {
    let status: http::StatusCode = response.status();
    let place = response.headers().get(LOCATION);
    let place = place.and_then(|place| place.to_str().ok());
    match place {
        Some(place) if status.is_redirection() => {
            let place: String = place.chars().take(REDIRECT_CHARS_MAX).collect();
            format!(
                "the peer answers the handshake with {status} and points to {place}; redirects are not followed"
            )
        }
        _ => format!("the peer answers the handshake with {status}"),
    }
}

/// Lets the handshake read no further than an empty line at a time, so that frames right after it stay here.
struct Head {
    stream: Stream,
    /// First byte of the peer.
    first: Option<u8>,
    /// What was read and not passed on.
    ahead: Vec<u8>,
    /// How the line looks that was passed on last.
    line: Line,
}

/// What the line that is being read has so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Line {
    #[default]
    Text,
    Empty,
    CarriageReturn,
}

impl AsyncRead for Head {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            let mut space = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut space);
            ready!(self.stream.poll_read(context, &mut read))?;
            self.ahead.extend_from_slice(read.filled());
        }
        self.first = self.first.or(self.ahead.first().copied());
        let room = self.ahead.len().min(bytes.remaining());
        let count = self.find_empty_line(room);
        let passed = self.ahead.drain(..count);
        bytes.put_slice(passed.as_slice());
        Poll::Ready(Ok(()))
    }
}

impl Head {
    /// Number of bytes up to the end of the first empty line, at most `room`.
    fn find_empty_line(&mut self, room: usize) -> usize {
        for (index, byte) in self.ahead.iter().take(room).enumerate() {
            self.line = match (self.line, byte) {
                (Line::Empty | Line::CarriageReturn, b'\n') => {
                    self.line = Line::Empty;
                    return index + 1;
                }
                (_, b'\n') => Line::Empty,
                (Line::Empty, b'\r') => Line::CarriageReturn,
                _ => Line::Text,
            };
        }
        room
    }
}

impl AsyncWrite for Head {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(context)
    }
}
