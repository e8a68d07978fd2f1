//! Websocket connections of the harness: the test is the peer.

use crate::{Result, WsClose, WsOpen, bail};

/// A frame that an extension has sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SentFrame {
    /// Tag of the connection.
    pub tag: String,
    /// The frame's text.
    pub text: String,
    /// Number by which the extension wants it reported as written.
    pub frame: Option<u64>,
}

/// What an extension asks of connections, in order.
#[derive(Clone, Debug)]
enum Asked {
    Open(WsOpen),
    Send(SentFrame),
    Close(String, WsClose),
}

/// A mark in the list of what was asked for, and the connections at that point.
pub(super) type Mark = (usize, Vec<WsOpen>);

#[derive(Default)]
pub(super) struct Sockets {
    /// Opened or being opened; they stay until the extension has handled that they are closed.
    open: Vec<WsOpen>,
    asked: Vec<Asked>,
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
        self.asked.push(Asked::Open(open));
        Ok(())
    }

    pub(super) fn send(&mut self, tag: &str, text: &str, frame: Option<u64>) -> Result<()> {
        self.check(tag)?;
        self.asked.push(Asked::Send(SentFrame {
            tag: tag.to_owned(),
            text: text.to_owned(),
            frame,
        }));
        Ok(())
    }

    pub(super) fn close(&mut self, tag: &str, close: WsClose) -> Result<()> {
        self.check(tag)?;
        self.asked.push(Asked::Close(tag.to_owned(), close));
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
            Asked::Open(open) => Some(open.clone()),
            _ => None,
        })
    }

    /// The frames sent since the last call.
    pub(super) fn take_sent(&mut self) -> Vec<SentFrame> {
        self.take(|asked| match asked {
            Asked::Send(sent) => Some(sent.clone()),
            _ => None,
        })
    }

    /// The connections that were to be closed since the last call.
    pub(super) fn take_closed(&mut self) -> Vec<(String, WsClose)> {
        self.take(|asked| match asked {
            Asked::Close(tag, close) => Some((tag.clone(), close.clone())),
            _ => None,
        })
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

    fn take<T>(&mut self, pick: impl Fn(&Asked) -> Option<T>) -> Vec<T> {
        let taken = self.asked.iter().filter_map(&pick).collect();
        self.asked.retain(|asked| pick(asked).is_none());
        taken
    }
}
