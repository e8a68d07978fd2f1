//! Connections between the host and its peers, as both ends see them.
//!
//! Invariant: what is sent on one line in one direction arrives in its order.

use std::collections::BTreeMap;

use tig_plugin_api::WsCloseClass;

/// Number of a line, in the order in which they are asked for.
pub type LineId = u64;

/// Why a line ends, as the host hears it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum LineEnd {
    /// No connection came about.
    Refused,
    /// The peer speaks TLS.
    Tls,
    /// The peer has answered with something else than an upgrade.
    Handshake,
    /// The peer has not answered.
    Timeout,
    /// The peer has closed it with this code.
    Closed(u16),
    /// The host's extension has closed it with this code.
    Local(u16),
    /// The peer has sent a binary frame.
    Binary,
    /// The peer has been silent for too long.
    Silent,
    /// It broke.
    Broken,
}

impl LineEnd {
    /// Class and status code.
    #[must_use]
    pub fn class(self) -> (WsCloseClass, Option<u16>) {
        match self {
            Self::Refused => (WsCloseClass::Connect, None),
            Self::Tls => (WsCloseClass::Tls, None),
            Self::Handshake => (WsCloseClass::Handshake, None),
            Self::Timeout => (WsCloseClass::Timeout, None),
            Self::Closed(code) => (WsCloseClass::Peer, Some(code)),
            Self::Local(code) => (WsCloseClass::Local, Some(code)),
            Self::Binary => (WsCloseClass::Protocol, None),
            Self::Silent => (WsCloseClass::Silent, None),
            Self::Broken => (WsCloseClass::Broken, None),
        }
    }
}

/// A line.
#[derive(Clone, Debug)]
pub struct Line {
    /// The host's name for it.
    pub tag: String,
    /// Number of the peer.
    pub peer: usize,
    /// SS58 address of the validator, by the path.
    pub validator: String,
    /// How long the host lets a peer be silent, in milliseconds.
    pub silent_ms_max: u64,
    /// How long the host waits for the handshake, in milliseconds.
    pub connect_ms: u64,
    /// The peer's number of the connection, while it has it.
    pub connection: Option<u64>,
    /// The host has it.
    pub is_at_host: bool,
    /// When the last thing that is on its way arrives at the peer, in milliseconds.
    pub at_peer_ms: u64,
    /// The same at the host.
    pub at_host_ms: u64,
}

/// All lines that one end has.
#[derive(Debug, Default)]
pub struct Lines {
    by_id: BTreeMap<LineId, Line>,
    asked: LineId,
}

impl Lines {
    /// Adds a line that the host has asked for.
    pub fn add(&mut self, line: Line) -> LineId {
        self.asked += 1;
        self.by_id.insert(self.asked, line);
        self.asked
    }

    /// The line, while one end has it.
    pub fn get_mut(&mut self, id: LineId) -> Option<&mut Line> {
        self.by_id.get_mut(&id)
    }

    /// The line that the host calls so.
    #[must_use]
    pub fn of_tag(&self, tag: &str) -> Option<LineId> {
        let mut lines = self.by_id.iter();
        lines
            .find(|(_, line)| line.is_at_host && line.tag == tag)
            .map(|(id, _)| *id)
    }

    /// The line that the peer calls so.
    #[must_use]
    pub fn of_connection(&self, peer: usize, connection: u64) -> Option<LineId> {
        let mut lines = self.by_id.iter();
        lines
            .find(|(_, line)| line.peer == peer && line.connection == Some(connection))
            .map(|(id, _)| *id)
    }

    /// The lines that the host has.
    #[must_use]
    pub fn at_host(&self) -> Vec<LineId> {
        let lines = self.by_id.iter().filter(|(_, line)| line.is_at_host);
        lines.map(|(id, _)| *id).collect()
    }

    /// The lines that the peer has.
    #[must_use]
    pub fn at_peer(&self, peer: usize) -> Vec<LineId> {
        let lines = self.by_id.iter();
        lines
            .filter(|(_, line)| line.peer == peer && line.connection.is_some())
            .map(|(id, _)| *id)
            .collect()
    }

    /// The host has it no more.
    pub fn end_at_host(&mut self, id: LineId) {
        if let Some(line) = self.by_id.get_mut(&id) {
            line.is_at_host = false;
        }
        self.drop_ended(id);
    }

    /// The peer has it no more. Returns its number of the connection, if it had one.
    pub fn end_at_peer(&mut self, id: LineId) -> Option<u64> {
        let connection = self.by_id.get_mut(&id)?.connection.take();
        self.drop_ended(id);
        connection
    }

    fn drop_ended(&mut self, id: LineId) {
        let line = self.by_id.get(&id);
        if line.is_some_and(|line| !line.is_at_host && line.connection.is_none()) {
            self.by_id.remove(&id);
        }
    }
}
