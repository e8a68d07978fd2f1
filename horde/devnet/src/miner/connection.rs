//! Connections of validators.

use std::collections::{BTreeMap, VecDeque};

use horde_proto::miner::ToMiner;

/// Messages of a connection that wait.
const QUEUED_COUNT_MAX: usize = 1_024;

/// The number of a connection, in the order in which they are opened.
pub(crate) type ConnectionId = u64;

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionState {
    /// It has to authenticate itself first.
    New,
    /// Its validator is admitted.
    Open,
    /// Nothing any more: it is being closed.
    Ending,
}

#[derive(Debug)]
pub(super) struct Connection {
    /// The SS58 address in the path.
    pub(super) validator: String,
    pub(super) state: ConnectionState,
    /// Whether nothing is read from it any more.
    pub(super) has_stopped_reading: bool,
    /// The reservation that all later messages wait for.
    pub(super) waits_for: Option<String>,
    /// Messages that wait for the authentication or a reservation, with their times.
    pub(super) queued: VecDeque<(i64, ToMiner)>,
}

impl Connection {
    /// Lets a message wait; one too many is lost.
    pub(super) fn queue(&mut self, at_us: i64, message: ToMiner) {
        if self.queued.len() < QUEUED_COUNT_MAX {
            self.queued.push_back((at_us, message));
        }
    }
}

/// The connections of a miner.
#[derive(Debug, Default)]
pub(super) struct Connections {
    opened: ConnectionId,
    by_id: BTreeMap<ConnectionId, Connection>,
}

impl Connections {
    pub(super) fn open(&mut self, validator: &str) -> ConnectionId {
        let id = self.opened;
        self.opened += 1;
        let connection = Connection {
            validator: validator.to_owned(),
            state: ConnectionState::New,
            has_stopped_reading: false,
            waits_for: None,
            queued: VecDeque::new(),
        };
        self.by_id.insert(id, connection);
        id
    }

    pub(super) fn remove(&mut self, id: ConnectionId) {
        self.by_id.remove(&id);
    }

    pub(super) fn count(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.by_id.get_mut(&id)
    }

    pub(super) fn has_stopped_reading(&self, id: ConnectionId) -> bool {
        let connection = self.by_id.get(&id);
        connection.is_some_and(|connection| connection.has_stopped_reading)
    }

    /// Whether things may still be sent there.
    pub(super) fn is_live(&self, id: ConnectionId) -> bool {
        let connection = self.by_id.get(&id);
        connection.is_some_and(|connection| connection.state != ConnectionState::Ending)
    }

    /// The connections to which things may still be sent.
    pub(super) fn live(&self) -> Vec<ConnectionId> {
        let ids = self.by_id.keys().copied();
        ids.filter(|id| self.is_live(*id)).collect()
    }

    /// The connections on which this validator is admitted.
    pub(super) fn of(&self, validator: &str) -> Vec<ConnectionId> {
        let entries = self.by_id.iter();
        let open = entries.filter(|(_, connection)| {
            connection.state == ConnectionState::Open && connection.validator == validator
        });
        open.map(|(id, _)| *id).collect()
    }

    /// The connections whose messages wait for a reservation, each with the job.
    pub(super) fn blocked(&self) -> Vec<(ConnectionId, String)> {
        let entries = self.by_id.iter();
        let blocked = entries.filter_map(|(id, connection)| {
            let uuid = connection.waits_for.as_ref()?;
            Some((*id, uuid.clone()))
        });
        blocked.collect()
    }

    /// Takes the next message that waits, unless it has to wait longer.
    pub(super) fn next_queued(&mut self, id: ConnectionId) -> Option<(i64, ToMiner)> {
        let connection = self.by_id.get_mut(&id)?;
        match connection.waits_for {
            Some(_) => None,
            None => connection.queued.pop_front(),
        }
    }

    pub(super) fn end(&mut self, id: ConnectionId) {
        if let Some(connection) = self.by_id.get_mut(&id) {
            connection.state = ConnectionState::Ending;
            connection.queued.clear();
        }
    }
}
