//! Websocket connections of the harness: the test is the peer.

use serde::Serialize;

use crate::{Result, WsClose, WsOpen, bail};

/// A frame that an extension has sent.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SentFrame {
    /// Tag of the connection.
    pub tag: String,
    /// The frame's text.
    pub text: String,
    /// Number by which the extension wants it reported as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
}

/// What an extension asks of its connections.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketCall {
    /// Open a connection.
    Open(WsOpen),
    /// Send a frame.
    Send(SentFrame),
    /// Close the connection of this tag.
    Close(String, WsClose),
}

/// A mark in the list of what was asked for, and the connections at that point.
pub(super) type Mark = (usize, Vec<WsOpen>);

#[derive(Default)]
pub(super) struct Sockets {
    /// Opened or being opened; they stay until the extension has handled that they are closed.
    open: Vec<WsOpen>,
    asked: Vec<SocketCall>,
}

impl Sockets {
    /// Where a handler begins.
    pub(super) fn mark(&self) -> Mark {
        (self.asked.len(), self.open.clone())
    }

    /// Takes back what a failed handler has asked for.
    pub(super) fn undo(&mut self, (asked, open): Mark) {
        self.asked.truncate(asked);
        self.open = open;
    }

    pub(super) fn is_open(&self, tag: &str) -> bool {
        self.open.iter().any(|open| open.tag == tag)
    }

    pub(super) fn connections(&self) -> &[WsOpen] {
        &self.open
    }

    pub(super) fn open(&mut self, open: WsOpen) -> Result<()> {
        if self.is_open(&open.tag) {
            bail!("a connection `{}` is there already", open.tag);
        }
        self.open.push(open.clone());
        self.asked.push(SocketCall::Open(open));
        Ok(())
    }

    pub(super) fn send(&mut self, tag: &str, text: &str, frame: Option<u64>) -> Result<()> {
        self.check(tag)?;
        self.asked.push(SocketCall::Send(SentFrame {
            tag: tag.to_owned(),
            text: text.to_owned(),
            frame,
        }));
        Ok(())
    }

    pub(super) fn close(&mut self, tag: &str, close: WsClose) -> Result<()> {
        self.check(tag)?;
        self.asked.push(SocketCall::Close(tag.to_owned(), close));
        Ok(())
    }

    /// Forgets a connection that has ended.
    pub(super) fn end(&mut self, tag: &str) {
        self.open.retain(|open| open.tag != tag);
    }

    /// Forgets the connections that have ended in `other`.
    pub(super) fn see_what_ended(&mut self, other: &Self) {
        self.open.retain(|open| other.is_open(&open.tag));
    }

    /// The connections opened since the last call.
    pub(super) fn take_opened(&mut self) -> Vec<WsOpen> {
        self.take(|asked| match asked {
            SocketCall::Open(open) => Some(open.clone()),
            _ => None,
        })
    }

    /// The frames sent since the last call.
    pub(super) fn take_sent(&mut self) -> Vec<SentFrame> {
        self.take(|asked| match asked {
            SocketCall::Send(sent) => Some(sent.clone()),
            _ => None,
        })
    }

    /// The connections that were to be closed since the last call.
    pub(super) fn take_closed(&mut self) -> Vec<(String, WsClose)> {
        self.take(|asked| match asked {
            SocketCall::Close(tag, close) => Some((tag.clone(), close.clone())),
            _ => None,
        })
    }

    /// All that was asked for since it was last taken.
    pub(super) fn take_all(&mut self) -> Vec<SocketCall> {
        std::mem::take(&mut self.asked)
    }

    /// What was asked for, as one text for each.
    pub(super) fn texts(&self) -> Vec<String> {
        self.asked
            .iter()
            .map(|asked| format!("{asked:?}"))
            .collect()
    }

    fn check(&self, tag: &str) -> Result<()> {
        if self.is_open(tag) {
            return Ok(());
        }
        bail!("no connection `{tag}` is open")
    }

    fn take<T>(&mut self, pick: impl Fn(&SocketCall) -> Option<T>) -> Vec<T> {
        let taken = self.asked.iter().filter_map(&pick).collect();
        self.asked.retain(|asked| pick(asked).is_none());
        taken
    }
}
