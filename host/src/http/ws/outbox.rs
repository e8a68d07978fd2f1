//! What is to be sent on a connection, as bytes of frames (RFC 6455, section 5): pure, without a socket.
//!
//! Frames keep their order, and control frames go between them. No more than [`CHUNK_BYTES`] are encoded ahead, so a long
//! frame is not in memory twice; an idle connection keeps no memory.

use std::collections::VecDeque;
use std::sync::Arc;

use tig_plugin_api::WsClose;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::runtime::sockets::{CLOSE_REASON_BYTES_MAX, Frame};

/// Bytes that are encoded before they are written.
pub(super) const CHUNK_BYTES: usize = 64 << 10;

/// What waits to be written.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<Frame>,
    /// The frame that is encoded in part.
    begun: Option<Begun>,
    /// Encoded bytes, written up to `written`.
    bytes: Vec<u8>,
    written: usize,
    /// Number of bytes that were encoded before those in `bytes`.
    earlier: u64,
    /// Frames whose bytes are all encoded and not all written.
    ends: VecDeque<Done>,
    /// The last ping that is to be answered: one answer for many pings (RFC 6455, section 5.5.3).
    pong: Option<Vec<u8>>,
    /// Whether a ping is due.
    ping: bool,
    /// How the connection is to be closed after the frames.
    close: Option<WsClose>,
    /// Whether the close frame is encoded; nothing comes after it.
    is_closed: bool,
}

#[derive(Debug)]
struct Begun {
    text: Arc<str>,
    number: Option<u64>,
    /// Number of its bytes that are encoded.
    encoded: usize,
    mask: [u8; 4],
}

/// A frame with its last byte.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Done {
    /// Number of bytes that are encoded with it.
    end: u64,
    /// Number by which it is reported, if it is.
    pub number: Option<u64>,
    /// Length of its text, in bytes.
    pub bytes: usize,
}

impl Outbox {
    /// Adds a frame.
    pub(super) fn push(&mut self, frame: Frame) {
        // After a close was asked for nothing else is; the close goes after all frames.
        if self.close.is_none() {
            self.frames.push_back(frame);
        }
    }

    /// Drops frames of which nothing is encoded.
    pub(super) fn drop_frames(&mut self) {
        self.frames.clear();
    }

    /// Asks for a ping, once.
    pub(super) fn push_ping(&mut self) {
        self.ping = true;
    }

    /// Answers a ping. An answer that is not encoded yet is replaced: so a flood of pings costs no memory.
    pub(super) fn push_pong(&mut self, payload: Vec<u8>) {
        self.pong = Some(payload);
    }

    /// Closes the connection after the frames. The first close counts.
    pub(super) fn push_close(&mut self, close: WsClose) {
        self.close.get_or_insert(close);
    }

    /// How the connection is closed by this side, if it is.
    #[must_use]
    pub(super) fn close(&self) -> Option<&WsClose> {
        self.close.as_ref()
    }

    /// Whether the close frame is encoded.
    #[must_use]
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether nothing waits.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.written == self.bytes.len() && !self.has_more()
    }

    /// Number of text frames that wait, or are written in part.
    #[must_use]
    pub(super) fn unsent(&self) -> usize {
        self.frames.len() + usize::from(self.begun.is_some()) + self.ends.len()
    }

    /// Drops what waits but for bytes that are encoded, and ends with `close`, if a frame is not cut by it.
    pub(super) fn end_with(&mut self, close: Option<WsClose>) {
        self.frames.clear();
        self.ends.clear();
        (self.pong, self.ping) = (None, false);
        self.close = close.filter(|_| self.begun.is_none());
        self.begun = None;
    }

    /// Encodes what fits; the bytes to be written, empty if nothing waits.
    ///
    /// # Errors
    ///
    /// The system has no random numbers for masks.
    pub(super) fn fill(&mut self) -> Result<&[u8], getrandom::Error> {
        if self.written == self.bytes.len() {
            self.earlier += self.bytes.len() as u64;
            self.bytes.clear();
            self.written = 0;
            while self.bytes.len() < CHUNK_BYTES && self.has_more() {
                self.encode_next()?;
            }
            if self.bytes.is_empty() {
                self.bytes = Vec::new();
            }
        }
        Ok(self.bytes.get(self.written..).unwrap_or_default())
    }

    /// Counts bytes of [`Outbox::fill`] that were written.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.written += bytes;
    }

    /// The next frame whose last byte is written, once.
    pub(super) fn next_done(&mut self) -> Option<Done> {
        let written = self.earlier + self.written as u64;
        self.ends.pop_front_if(|done| done.end <= written)
    }

    fn has_more(&self) -> bool {
        if self.is_closed {
            return false;
        }
        self.begun.is_some()
            || !self.frames.is_empty()
            || self.pong.is_some()
            || self.ping
            || self.close.is_some()
    }

    /// Encodes a part of a frame, or a control frame.
    fn encode_next(&mut self) -> Result<(), getrandom::Error> {
        if let Some(begun) = self.begun.take() {
            self.encode_text(begun);
        } else if let Some(payload) = self.pong.take() {
            self.encode_control(Control::Pong, &payload)?;
        } else if std::mem::take(&mut self.ping) {
            self.encode_control(Control::Ping, &[])?;
        } else if let Some(frame) = self.frames.pop_front() {
            let begun = Begun {
                text: frame.text,
                number: frame.number,
                encoded: 0,
                mask: mask()?,
            };
            self.encode_header(OpCode::Data(Data::Text), begun.text.len(), begun.mask);
            self.begun = Some(begun);
        } else if let Some(close) = &self.close {
            let payload = close_payload(close);
            self.encode_control(Control::Close, &payload)?;
            self.is_closed = true;
        }
        Ok(())
    }

    fn encode_text(&mut self, mut begun: Begun) {
        let room = CHUNK_BYTES.saturating_sub(self.bytes.len());
        let rest = begun.text.as_bytes().get(begun.encoded..);
        let rest = rest.unwrap_or_default();
        let part = rest.get(..room).unwrap_or(rest);
        push_masked(&mut self.bytes, part, begun.mask, begun.encoded);
        begun.encoded += part.len();
        if begun.encoded < begun.text.len() {
            self.begun = Some(begun);
            return;
        }
        self.ends.push_back(Done {
            end: self.earlier + self.bytes.len() as u64,
            number: begun.number,
            bytes: begun.text.len(),
        });
    }

    fn encode_control(&mut self, control: Control, payload: &[u8]) -> Result<(), getrandom::Error> {
        let mask = mask()?;
        self.encode_header(OpCode::Control(control), payload.len(), mask);
        push_masked(&mut self.bytes, payload, mask, 0);
        Ok(())
    }

    fn encode_header(&mut self, opcode: OpCode, length: usize, mask: [u8; 4]) {
        let header = FrameHeader {
            opcode,
            mask: Some(mask),
            ..FrameHeader::default()
        };
        // Writing into memory does not fail.
        let _ = header.format(length as u64, &mut self.bytes);
    }
}

/// A mask that the peer cannot foresee (RFC 6455, section 5.3).
fn mask() -> Result<[u8; 4], getrandom::Error> {
    let mut mask = [0; 4];
    getrandom::fill(&mut mask)?;
    Ok(mask)
}

/// Appends bytes of a payload, masked, of which the first is byte number `at`.
fn push_masked(bytes: &mut Vec<u8>, payload: &[u8], mut mask: [u8; 4], at: usize) {
    mask.rotate_left(at % 4);
    let from = bytes.len();
    bytes.extend_from_slice(payload);
    let (words, rest) = bytes.get_mut(from..).unwrap_or_default().as_chunks_mut();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

fn close_payload(close: &WsClose) -> Vec<u8> {
    let end = close.reason.floor_char_boundary(CLOSE_REASON_BYTES_MAX);
    let reason = close.reason.get(..end).unwrap_or_default();
    [&close.code.to_be_bytes()[..], reason.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn frame(text: &str, number: u64) -> Frame {
        Frame {
            tag: "t".into(),
            text: text.into(),
            number: Some(number),
        }
    }

    fn close(code: u16) -> WsClose {
        let reason = "ä".repeat(100);
        WsClose { code, reason }
    }

    /// Writes at most `bytes` at once; the frames as the peer reads them, and the numbers reported.
    fn write(outbox: &mut Outbox, bytes: usize) -> (Vec<(u8, Vec<u8>)>, Vec<u64>) {
        let (mut wire, mut numbers) = (Vec::new(), Vec::new());
        loop {
            let ready = outbox.fill().unwrap();
            let part = &ready[..ready.len().min(bytes)];
            if part.is_empty() {
                return (decode(&wire), numbers);
            }
            wire.extend_from_slice(part);
            let written = part.len();
            outbox.advance(written);
            while let Some(done) = outbox.next_done() {
                numbers.extend(done.number);
            }
        }
    }

    fn decode(wire: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let (mut cursor, mut frames) = (Cursor::new(wire), Vec::new());
        while let Some((header, length)) = FrameHeader::parse(&mut cursor).unwrap() {
            assert!(header.is_final);
            let from = cursor.position() as usize;
            let to = from + length as usize;
            let mask = header.mask.unwrap().into_iter().cycle();
            let payload = wire[from..to]
                .iter()
                .zip(mask)
                .map(|(byte, mask)| byte ^ mask);
            frames.push((header.opcode.into(), payload.collect()));
            cursor.set_position(to as u64);
        }
        frames
    }

    #[test]
    fn frames_are_reported_with_their_last_byte() {
        let long = "ä".repeat(CHUNK_BYTES);
        for bytes in [1, 7, 1000, usize::MAX] {
            let mut outbox = Outbox::default();
            for (text, number) in [("a", 1), ("", 2), (&long, 3), ("b", 4)] {
                outbox.push(frame(text, number));
            }
            assert_eq!(outbox.unsent(), 4);
            let (frames, numbers) = write(&mut outbox, bytes);
            let texts = ["a", "", &long, "b"].map(|text| (1, text.as_bytes().to_vec()));
            assert_eq!(frames, texts);
            assert_eq!(numbers, [1, 2, 3, 4]);
            assert!(outbox.is_empty() && outbox.unsent() == 0);
            assert_eq!(outbox.bytes.capacity(), 0, "no memory is kept");
        }
    }

    #[test]
    fn frame_is_not_done_before_its_last_byte() {
        let mut outbox = Outbox::default();
        outbox.push(frame("abc", 1));
        let bytes = outbox.fill().unwrap().len();
        outbox.advance(bytes - 1);
        assert_eq!((outbox.next_done(), outbox.unsent()), (None, 1));
        outbox.advance(1);
        assert_eq!(outbox.next_done().unwrap().number, Some(1));
    }

    #[test]
    fn close_goes_after_frames_and_nothing_after_it() {
        let mut outbox = Outbox::default();
        outbox.push(frame("a", 1));
        outbox.push_close(close(1000));
        outbox.push_close(close(1001));
        outbox.push(frame("b", 2));
        let (frames, _) = write(&mut outbox, 3);
        outbox.push_pong(Vec::new());
        assert!(outbox.is_empty());
        let reason = "ä".repeat(61);
        let payload = [&1000_u16.to_be_bytes()[..], reason.as_bytes()].concat();
        assert_eq!(frames, [(1, b"a".to_vec()), (8, payload)]);
    }

    #[test]
    fn many_pings_get_one_pong() {
        let mut outbox = Outbox::default();
        for number in 0..100 {
            outbox.push_pong(vec![number]);
            outbox.push_ping();
        }
        let (frames, _) = write(&mut outbox, usize::MAX);
        assert_eq!(frames, [(10, vec![99]), (9, Vec::new())]);
    }

    #[test]
    fn last_close_does_not_cut_a_frame() {
        let long = "x".repeat(2 * CHUNK_BYTES);
        let mut outbox = Outbox::default();
        outbox.push(frame(&long, 1));
        let bytes = outbox.fill().unwrap().len();
        outbox.advance(bytes);
        outbox.end_with(Some(close(1009)));
        assert!(outbox.is_empty(), "the frame is cut already");
        outbox = Outbox::default();
        outbox.push(frame("a", 1));
        let half = outbox.fill().unwrap().len() / 2;
        outbox.advance(half);
        outbox.end_with(Some(close(1009)));
        assert!(!outbox.is_empty() && outbox.unsent() == 0);
    }
}
