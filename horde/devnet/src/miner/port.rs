//! What happens at the port of a miner before there is a socket.

use super::state::Miner;
use crate::port::Port;
use crate::vice::Vice;

/// What an HTTP request for a websocket gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    Accepted,
    NotFound,
    Moved,
}

impl Miner {
    /// What the port does.
    pub(crate) fn port(&self) -> Port {
        let ports = [
            (Vice::Refuses, Port::Closed),
            (Vice::SpeaksTls, Port::Tls),
            (Vice::Mute, Port::Mute),
        ];
        let mut ports = ports.into_iter();
        let found = ports.find(|(vice, _)| self.vices.has(*vice));
        found.map_or(Port::Http, |(_, port)| port)
    }

    pub(crate) fn handshake(&self) -> Handshake {
        if self.vices.has(Vice::Answers404) {
            Handshake::NotFound
        } else if self.vices.has(Vice::Answers301) {
            Handshake::Moved
        } else {
            Handshake::Accepted
        }
    }
}
