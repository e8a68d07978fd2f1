//! Messages of a peer, read out of the bytes of its connection (RFC 6455, section 5): pure, without a socket.
//!
//! A connection that is idle between two messages keeps no memory for them.

use std::io::Cursor;

use tig_plugin_api::WsCloseClass;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use crate::runtime::long_messages::SHORT_BYTES_MAX;

/// Longest payload of a control frame, in bytes (RFC 6455, section 5.5).
const CONTROL_BYTES_MAX: usize = 125;

/// Memory for unread bytes that an idle connection keeps.
const IDLE_BYTES_MAX: usize = 4 << 10;

/// Memory that a frame gets before its first bytes have come: what a peer announces costs nothing.
const FIRST_BYTES: usize = 64 << 10;

/// A message of the peer.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A text.
    Text(String),
    /// A ping, to be answered with the same bytes.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// The peer closes; its code and reason, if it says them.
    Close(Option<(u16, String)>),
}

/// What a peer must not send.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Violation {
    /// A message is longer than the extension takes.
    #[error("the peer has sent a message of more than {0} bytes")]
    TooLong(usize),
    /// A binary message.
    #[error("the peer has sent a binary message; only text is taken")]
    Binary,
    /// A text that is not UTF-8.
    #[error("the peer has sent text that is not UTF-8")]
    Utf8,
    /// A long message takes up memory for too long.
    #[error("the peer has not sent the whole of a long message within {0} s")]
    TooSlow(u64),
    /// The rules of frames are broken.
    #[error("the peer has broken the websocket protocol: {0}")]
    Protocol(&'static str),
}

impl Violation {
    /// Status code with which the connection is closed (RFC 6455, section 7.4.1).
    #[must_use]
    pub(super) fn code(self) -> u16 {
        match self {
            Self::TooLong(_) => 1009,
            Self::Binary => 1003,
            Self::Utf8 => 1007,
            Self::TooSlow(_) => 1008,
            Self::Protocol(_) => 1002,
        }
    }

    /// Class of the close.
    #[must_use]
    pub(super) fn class(self) -> WsCloseClass {
        match self {
            Self::TooLong(_) | Self::TooSlow(_) => WsCloseClass::TooLarge,
            Self::Binary | Self::Utf8 | Self::Protocol(_) => WsCloseClass::Protocol,
        }
    }
}

/// Puts messages together.
#[derive(Debug)]
pub(super) struct Incoming {
    /// Bytes of the peer, read up to `read`.
    bytes: Vec<u8>,
    read: usize,
    /// The beginning of a text that comes in several frames.
    fragments: Option<Vec<u8>>,
    bytes_max: usize,
    /// See [`Incoming::long_bytes`].
    long_bytes: Option<usize>,
}

/// A whole frame among the bytes.
struct Frame {
    header: FrameHeader,
    /// Where its payload lies.
    from: usize,
    to: usize,
}

impl Incoming {
    /// Reads messages of at most `bytes_max` bytes.
    #[must_use]
    pub(super) fn new(bytes_max: u64) -> Self {
        Self {
            bytes: Vec::new(),
            read: 0,
            fragments: None,
            bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX),
            long_bytes: None,
        }
    }

    /// How long the message may become that is not whole yet, if that is so much that it needs a part of the budget.
    #[must_use]
    pub(super) fn long_bytes(&self) -> Option<usize> {
        self.long_bytes
    }

    /// Adds bytes that were received.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.read);
        self.read = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if it is there.
    ///
    /// # Errors
    ///
    /// See [`Violation`]; nothing can be read afterwards.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Violation> {
        while let Some(frame) = self.next_frame()? {
            if let Some(message) = self.message(&frame)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, Violation> {
        let mut cursor = Cursor::new(self.unread());
        let parsed = FrameHeader::parse(&mut cursor);
        let header_bytes = cursor.position() as usize;
        let parsed = parsed.map_err(|_| Violation::Protocol("a frame of an unknown kind"))?;
        let begun = self.fragments.as_ref().map_or(0, Vec::len);
        let Some((header, length)) = parsed else {
            self.long_bytes = (begun > SHORT_BYTES_MAX).then_some(self.bytes_max);
            self.rest(0);
            return Ok(None);
        };
        self.check(&header, length)?;
        // Checked against the limit just now, which is a `usize`.
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let from = self.read + header_bytes;
        let to = from.saturating_add(length);
        if to > self.bytes.len() {
            let message = begun.saturating_add(length);
            // A message in parts may become as long as any.
            let most = if header.is_final {
                message
            } else {
                self.bytes_max
            };
            self.long_bytes = (message > SHORT_BYTES_MAX).then_some(most);
            self.rest(to - self.bytes.len());
            return Ok(None);
        }
        self.read = to;
        self.long_bytes = None;
        Ok(Some(Frame { header, from, to }))
    }

    fn unread(&self) -> &[u8] {
        self.bytes.get(self.read..).unwrap_or_default()
    }

    /// Makes room for `missing` bytes of a frame, as much as it has bytes already; frees what an idle connection needs not.
    fn rest(&mut self, missing: usize) {
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.read = 0;
            if self.bytes.capacity() > IDLE_BYTES_MAX {
                self.bytes = Vec::new();
            }
        }
        let free = self.bytes.capacity() - self.bytes.len();
        if missing > free {
            // Exact at the end, so that a long frame takes no more than its length.
            let room = missing.min(self.bytes.len().max(FIRST_BYTES));
            self.bytes.reserve_exact(room);
        }
    }

    fn check(&self, header: &FrameHeader, length: u64) -> Result<(), Violation> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Violation::Protocol("a reserved bit is set"));
        }
        if header.mask.is_some() {
            return Err(Violation::Protocol("a frame of a server is masked"));
        }
        let begun = self.fragments.as_ref().map(Vec::len);
        match header.opcode {
            OpCode::Control(_) if !header.is_final => {
                Err(Violation::Protocol("a control frame comes in parts"))
            }
            OpCode::Control(_) if length > CONTROL_BYTES_MAX as u64 => Err(Violation::Protocol(
                "a control frame is longer than 125 bytes",
            )),
            OpCode::Control(_) => Ok(()),
            OpCode::Data(Data::Binary) => Err(Violation::Binary),
            OpCode::Data(Data::Continue) if begun.is_none() => {
                Err(Violation::Protocol("a message has no beginning"))
            }
            OpCode::Data(Data::Text) if begun.is_some() => {
                Err(Violation::Protocol("a message has no end"))
            }
            OpCode::Data(_) => {
                let room = self.bytes_max.saturating_sub(begun.unwrap_or(0));
                if length > room as u64 {
                    return Err(Violation::TooLong(self.bytes_max));
                }
                Ok(())
            }
        }
    }

    fn message(&mut self, frame: &Frame) -> Result<Option<Message>, Violation> {
        let payload = self.take_payload(frame);
        match frame.header.opcode {
            OpCode::Control(Control::Ping) => Ok(Some(Message::Ping(payload))),
            OpCode::Control(Control::Close) => close(&payload).map(Some),
            OpCode::Control(_) => Ok(Some(Message::Pong)),
            OpCode::Data(_) => {
                let text = match self.fragments.take() {
                    Some(mut text) => {
                        text.extend_from_slice(&payload);
                        text
                    }
                    None => payload,
                };
                if !frame.header.is_final {
                    self.fragments = Some(text);
                    return Ok(None);
                }
                let text = String::from_utf8(text).map_err(|_| Violation::Utf8)?;
                Ok(Some(Message::Text(text)))
            }
        }
    }

    /// The payload of a frame. One that is long and the last takes its memory with it, so that it is never there twice.
    fn take_payload(&mut self, frame: &Frame) -> Vec<u8> {
        let is_last = frame.to == self.bytes.len();
        if is_last && frame.to - frame.from > FIRST_BYTES {
            let mut bytes = std::mem::take(&mut self.bytes);
            self.read = 0;
            bytes.drain(..frame.from);
            return bytes;
        }
        let payload = self.bytes.get(frame.from..frame.to);
        payload.unwrap_or_default().to_vec()
    }
}

/// Reads the payload of a close frame.
fn close(payload: &[u8]) -> Result<Message, Violation> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return match payload {
            [] => Ok(Message::Close(None)),
            _ => Err(Violation::Protocol("half a status code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !CloseCode::from(code).is_allowed() {
        return Err(Violation::Protocol("a status code that none may send"));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Violation::Utf8)?;
    Ok(Message::Close(Some((code, reason.to_owned()))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: u8 = 1;
    const FINAL: u8 = 0x80;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..126 => bytes.push(length as u8),
            length @ 126..0x1_0000 => {
                bytes.push(126);
                bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                bytes.push(127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    fn read(frames: &[Vec<u8>]) -> Result<Vec<Message>, Violation> {
        let mut incoming = Incoming::new(100);
        incoming.push(&frames.concat());
        let mut messages = Vec::new();
        while let Some(message) = incoming.next()? {
            messages.push(message);
        }
        Ok(messages)
    }

    fn text(text: &str) -> Message {
        Message::Text(text.to_owned())
    }

    #[test]
    fn fragments_become_one_text_with_pings_between() {
        let frames = [
            frame(TEXT, b"a\xc3"),
            frame(FINAL | 9, b"p"),
            frame(0, b"\xa4"),
            frame(FINAL, b""),
            frame(FINAL | 10, b""),
            frame(FINAL | TEXT, b"b"),
        ];
        let messages = read(&frames).unwrap();
        let ping = Message::Ping(b"p".to_vec());
        assert_eq!(messages, [ping, text("aä"), Message::Pong, text("b")]);
    }

    #[test]
    fn violations_have_their_codes() {
        let long = [b'x'; 126];
        for (frames, code) in [
            (vec![frame(FINAL | TEXT, &[b'x'; 101])], 1009),
            (
                vec![frame(TEXT, &[b'x'; 60]), frame(FINAL, &[b'x'; 60])],
                1009,
            ),
            (vec![frame(FINAL | 2, b"x")], 1003),
            (vec![frame(FINAL | TEXT, b"\xff")], 1007),
            (vec![frame(FINAL | 8, b"\x03\xe8\xff")], 1007),
            (vec![frame(FINAL | 0x40 | TEXT, b"x")], 1002),
            (vec![frame(FINAL | 3, b"x")], 1002),
            (vec![frame(FINAL | 11, b"x")], 1002),
            (vec![frame(FINAL, b"x")], 1002),
            (vec![frame(TEXT, b"x"), frame(FINAL | TEXT, b"x")], 1002),
            (vec![frame(9, b"x")], 1002),
            (vec![frame(FINAL | 9, &long)], 1002),
            (vec![frame(FINAL | 8, b"x")], 1002),
            (vec![frame(FINAL | 8, &1005_u16.to_be_bytes())], 1002),
            (vec![vec![FINAL | TEXT, 0x81, 0, 0, 0, 0, b'x']], 1002),
        ] {
            let violation = read(&frames).unwrap_err();
            assert_eq!(violation.code(), code, "{frames:?}: {violation}");
        }
        assert_eq!(Violation::TooLong(1).class(), WsCloseClass::TooLarge);
        assert_eq!(Violation::TooSlow(1).code(), 1008);
        assert_eq!(Violation::TooSlow(1).class(), WsCloseClass::TooLarge);
        assert_eq!(Violation::Binary.class(), WsCloseClass::Protocol);
    }

    #[test]
    fn announced_length_costs_no_memory() {
        let mut incoming = Incoming::new(1 << 40);
        let mut announced = vec![FINAL | TEXT, 127];
        announced.extend((1_u64 << 39).to_be_bytes());
        incoming.push(&announced);
        assert_eq!(incoming.next(), Ok(None));
        assert!(incoming.bytes.capacity() <= 2 * FIRST_BYTES);
    }

    #[test]
    fn long_message_is_known_before_it_is_there() {
        let long = vec![b'x'; SHORT_BYTES_MAX + 1];
        let mut incoming = Incoming::new(1 << 20);
        incoming.push(&frame(FINAL | TEXT, &long)[..100]);
        assert_eq!(incoming.next(), Ok(None));
        assert_eq!(incoming.long_bytes(), Some(long.len()));
        let mut incoming = Incoming::new(1 << 20);
        incoming.push(&frame(TEXT, &long[1..]));
        assert_eq!(incoming.next(), Ok(None));
        assert_eq!(incoming.long_bytes(), None, "short until now");
        incoming.push(&frame(0, b"x"));
        assert_eq!(incoming.next(), Ok(None));
        assert_eq!(incoming.long_bytes(), Some(1 << 20), "in parts");
        incoming.push(&frame(FINAL, b"x"));
        assert!(matches!(incoming.next(), Ok(Some(Message::Text(_)))));
        assert_eq!(incoming.next(), Ok(None));
        assert_eq!(incoming.long_bytes(), None);
    }

    #[test]
    fn idle_connection_keeps_no_memory() {
        let mut incoming = Incoming::new(1 << 20);
        incoming.push(&frame(FINAL | TEXT, &[b'x'; 100_000]));
        assert!(matches!(incoming.next(), Ok(Some(Message::Text(_)))));
        assert_eq!(incoming.next(), Ok(None));
        assert!(incoming.bytes.capacity() <= IDLE_BYTES_MAX);
    }

    #[test]
    fn long_text_is_whole_between_others() {
        let long = "x".repeat(2 * FIRST_BYTES);
        for texts in [["a", long.as_str()], [long.as_str(), "b"]] {
            let mut incoming = Incoming::new(1 << 20);
            for part in texts.map(|text| frame(FINAL | TEXT, text.as_bytes())) {
                incoming.push(&part);
            }
            for expected in texts {
                assert_eq!(incoming.next(), Ok(Some(text(expected))));
            }
            assert_eq!(incoming.next(), Ok(None));
        }
    }

    #[test]
    fn close_frame_may_have_no_code() {
        let close = |payload: &[u8]| read(&[frame(FINAL | 8, payload)]).unwrap();
        assert_eq!(close(b""), [Message::Close(None)]);
        let bye = Message::Close(Some((1001, "bye".to_owned())));
        assert_eq!(close(b"\x03\xe9bye"), [bye]);
    }

    proptest! {
        #[test]
        fn messages_are_the_same_however_bytes_are_cut(
            texts in prop::collection::vec("[a-zä]{0,300}", 1..20),
            cuts in prop::collection::vec(1_usize..400, 1..50),
        ) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| frame(FINAL | TEXT, text.as_bytes())).collect();
            let mut incoming = Incoming::new(1000);
            let (mut rest, mut got) = (&bytes[..], Vec::new());
            for cut in cuts.into_iter().cycle() {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                incoming.push(now);
                rest = later;
                while let Some(message) = incoming.next().unwrap() {
                    got.push(message);
                }
                if rest.is_empty() {
                    break;
                }
            }
            let sent: Vec<_> = texts.iter().map(|sent| text(sent)).collect();
            prop_assert_eq!(got, sent);
        }

        #[test]
        fn any_bytes_are_read_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut incoming = Incoming::new(100);
            incoming.push(&bytes);
            while let Ok(Some(_)) = incoming.next() {}
        }
    }
}
