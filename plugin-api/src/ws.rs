//! Websocket connections, which the host opens and keeps for an extension.
//!
//! A connection belongs to the host and to one extension. It lives through reloads, rollbacks and panics of the extension, and
//! ends when the extension closes it, is removed, or the peer or the network ends it.

use serde::{Deserialize, Serialize};

use crate::abi::service;
use crate::{Context, Result, frame};

/// A connection to be opened: `ws://` or `wss://`, no compression, no redirects, text frames only.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WsOpen {
    /// Names the connection: one at a time for each extension, free again when its [`WsEventKind::Closed`] is handled.
    pub tag: String,
    /// Absolute URL.
    pub url: String,
    /// Names and values of headers of the handshake, sent as they are.
    pub headers: Vec<(String, String)>,
    /// A longer frame of the peer, in bytes, ends the connection with code 1009.
    pub frame_bytes_max: u64,
    /// Milliseconds between pings; 0 sends none.
    pub ping_every_ms: u64,
    /// Milliseconds without a byte from the peer after which the connection has ended; 0 waits for ever.
    pub silent_ms_max: u64,
    /// Milliseconds until the handshake must be complete.
    pub connect_ms: u64,
}

/// What goes before the text of a frame to be sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct WsSend {
    /// Number by which [`WsEventKind::Written`] reports that the kernel has the frame; `None` for no report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
}

/// How a connection is to be closed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WsClose {
    /// Status code, such as 1000.
    pub code: u16,
    /// Reason, at most 123 bytes.
    pub reason: String,
}

/// Something that happened to a connection. Frames of one connection keep their order; nothing comes after
/// [`WsEventKind::Closed`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WsEvent {
    /// Tag of the connection.
    pub tag: String,
    /// What happened.
    #[serde(flatten)]
    pub kind: WsEventKind,
}

/// What happened to a connection. Times are Unix microseconds by a clock that never goes back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WsEventKind {
    /// The handshake is complete.
    Opened {
        /// When.
        at_us: u64,
    },
    /// The peer has sent a frame.
    Frame {
        /// Its text.
        #[serde(skip)]
        text: String,
        /// When the last byte of it had come, as the kernel has noted it.
        at_us: u64,
    },
    /// A frame of [`Context::ws_send_reported`] is with the kernel.
    Written {
        /// Its number.
        frame: u64,
        /// When it was given to the kernel: read before the last write, so that no answer to it is older.
        at_us: u64,
    },
    /// The connection has ended, or did not come about.
    Closed {
        /// Status code that the peer sent, or that was sent to it.
        code: Option<u16>,
        /// The reason in words, without secrets.
        reason: String,
        /// The class of the reason.
        class: WsCloseClass,
        /// Number of frames that were to be sent and are not with the kernel.
        unsent: u64,
    },
}

/// Why a connection has ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WsCloseClass {
    /// No connection: refused, unreachable, name not found, malformed URL.
    Connect,
    /// No TLS connection: a certificate that is not trusted, or a peer that speaks no TLS.
    Tls,
    /// The peer has answered the handshake with something else, such as 404.
    Handshake,
    /// The handshake was not complete in time.
    Timeout,
    /// The peer has closed the connection.
    Peer,
    /// The extension has closed the connection.
    Local,
    /// The peer has sent no byte for too long.
    Silent,
    /// The peer has sent a frame that is too long.
    TooLarge,
    /// The peer has broken the protocol, or sent a binary frame.
    Protocol,
    /// The connection broke.
    Broken,
}

impl WsEvent {
    /// The form in which the event crosses the boundary.
    ///
    /// # Errors
    ///
    /// The head has no JSON form; does not happen for values of this type.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let text = match &self.kind {
            WsEventKind::Frame { text, .. } => text.as_str(),
            _ => "",
        };
        frame::encode(self, text.as_bytes())
    }

    /// Reads what [`WsEvent::encode`] wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not such a frame, or its text is not UTF-8.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (mut event, sent): (Self, _) = frame::decode(bytes)?;
        if let WsEventKind::Frame { text, .. } = &mut event.kind {
            std::str::from_utf8(sent)?.clone_into(text);
        }
        Ok(event)
    }
}

impl Context<'_> {
    /// Opens a websocket connection; what happens to it comes to `on_ws`.
    ///
    /// # Errors
    ///
    /// A connection of this tag is there already, the extension has too many, the tag is longer than
    /// [`crate::TAG_BYTES_MAX`], or the host is too old for websockets.
    pub fn ws_open(&mut self, open: &WsOpen) -> Result<()> {
        self.call(service::WS_OPEN, &open.tag, &serde_json::to_vec(open)?)?;
        Ok(())
    }

    /// Sends a text frame on the connection `tag`, also while it is being opened. All frames of a handler go out at the same
    /// moment, on as many threads as there are processors, in an order of connections that is drawn anew each time; those of
    /// one connection keep theirs.
    ///
    /// # Errors
    ///
    /// The extension has no connection of this tag, too much waits to be sent on it, or the host is too old for websockets.
    pub fn ws_send(&mut self, tag: &str, text: &str) -> Result<()> {
        self.send_frame(tag, WsSend::default(), text)
    }

    /// Like [`Context::ws_send`]; [`WsEventKind::Written`] reports when the kernel had the frame's last byte.
    ///
    /// # Errors
    ///
    /// As for [`Context::ws_send`].
    pub fn ws_send_reported(&mut self, tag: &str, text: &str, frame: u64) -> Result<()> {
        self.send_frame(tag, WsSend { frame: Some(frame) }, text)
    }

    /// Closes the connection `tag`, after the frames that were to be sent before.
    ///
    /// # Errors
    ///
    /// The extension has no connection of this tag, no close frame may have this code or reason, or the host is too old for
    /// websockets.
    pub fn ws_close(&mut self, tag: &str, code: u16, reason: &str) -> Result<()> {
        let close = WsClose {
            code,
            reason: reason.to_owned(),
        };
        self.call(service::WS_CLOSE, tag, &serde_json::to_vec(&close)?)?;
        Ok(())
    }

    fn send_frame(&mut self, tag: &str, head: WsSend, text: &str) -> Result<()> {
        let body = frame::encode(&head, text.as_bytes())?;
        self.call(service::WS_SEND, tag, &body)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_comes_back() {
        let kinds = [
            WsEventKind::Opened { at_us: 1 },
            WsEventKind::Frame {
                text: "{\"a\":\"\\u0000\"}".to_owned(),
                at_us: 2,
            },
            WsEventKind::Written { frame: 3, at_us: 4 },
            WsEventKind::Closed {
                code: Some(1009),
                reason: "too long".to_owned(),
                class: WsCloseClass::TooLarge,
                unsent: 5,
            },
        ];
        for kind in kinds {
            let tag = "t".to_owned();
            let event = WsEvent { tag, kind };
            let bytes = event.encode().unwrap();
            assert_eq!(WsEvent::decode(&bytes).unwrap(), event);
        }
    }

    #[test]
    fn event_is_head_and_text_at_the_boundary() {
        let encoded = |kind| {
            let tag = "t".to_owned();
            let bytes = WsEvent { tag, kind }.encode().unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let text = "hello".to_owned();
        let frame = encoded(WsEventKind::Frame { text, at_us: 2 });
        assert!(
            frame.ends_with(r#"{"tag":"t","kind":"frame","at_us":2}hello"#),
            "{frame}"
        );
        let closed = encoded(WsEventKind::Closed {
            code: None,
            reason: "gone".to_owned(),
            class: WsCloseClass::Broken,
            unsent: 5,
        });
        let head = r#"{"tag":"t","kind":"closed","code":null,"reason":"gone","class":"broken","unsent":5}"#;
        assert!(closed.ends_with(head), "{closed}");
    }

    #[test]
    fn torn_event_is_an_error() {
        let kind = WsEventKind::Opened { at_us: 1 };
        let tag = "t".to_owned();
        let bytes = WsEvent { tag, kind }.encode().unwrap();
        assert!(WsEvent::decode(&bytes[..bytes.len() - 1]).is_err());
    }
}
