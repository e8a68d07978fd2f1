//! The connections of validators.

use std::collections::BTreeMap;

use crate::facilitator::journal::ConnectionRecord;

/// Connections whose records are kept; the oldest are forgotten first.
const CONNECTION_RECORDS_COUNT_MAX: usize = 10_000;
/// Characters of a foreign version that are kept.
const VERSION_CHARS_MAX: usize = 64;

/// An open connection.
#[derive(Debug, Default)]
pub(super) struct Connection {
    /// SS58 address of the validator that has authenticated itself.
    pub(super) validator: Option<String>,
    /// When the last frame was read.
    read_us: i64,
    /// When the last heartbeat was read, or the authentication.
    heartbeat_us: i64,
    /// Whether the pause since then was noted.
    is_pause_noted: bool,
    /// Until when a status waits for its answer.
    pub(super) status_in_flight_until_us: i64,
    /// Whether a status was read since the last frame that came after everything was sent.
    pub(super) has_unsent_answer: bool,
    /// Whether the facilitator ends it: what comes then is not read.
    is_ending: bool,
}

/// All connections, and their records.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: BTreeMap<u64, Connection>,
    records: BTreeMap<u64, ConnectionRecord>,
    count: u64,
}

impl Connections {
    pub(super) fn open(&mut self, version: Option<&str>, now_us: i64) -> u64 {
        let id = self.count;
        self.count += 1;
        let connection = Connection {
            read_us: now_us,
            ..Connection::default()
        };
        self.open.insert(id, connection);
        let record = ConnectionRecord {
            connection: id,
            opened_us: now_us,
            version: version.map(|text| text.chars().take(VERSION_CHARS_MAX).collect()),
            ..ConnectionRecord::default()
        };
        self.records.insert(id, record);
        if self.records.len() > CONNECTION_RECORDS_COUNT_MAX {
            self.records.pop_first();
        }
        id
    }

    pub(super) fn end(&mut self, id: u64, now_us: i64) {
        self.open.remove(&id);
        if let Some(record) = self.records.get_mut(&id) {
            record.ended_us = Some(now_us);
        }
    }

    /// The connection on which a frame was read, unless it is about to end.
    pub(super) fn reading(&mut self, id: u64, now_us: i64) -> Option<&mut Connection> {
        let connection = self.get_mut(id)?;
        connection.read_us = now_us;
        Some(connection)
    }

    /// A connection that is not about to end.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Connection> {
        let connection = self.open.get_mut(&id);
        connection.filter(|connection| !connection.is_ending)
    }

    pub(super) fn note_ending(&mut self, id: u64, code: Option<u16>) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.is_ending = true;
        }
        if let Some(record) = self.records.get_mut(&id) {
            record.closed_with = code;
        }
    }

    pub(super) fn note_authentication(&mut self, id: u64, validator: &str, now_us: i64) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.validator = Some(validator.to_owned());
            connection.heartbeat_us = now_us;
        }
        if let Some(record) = self.records.get_mut(&id) {
            record.validator = Some(validator.to_owned());
        }
    }

    /// Notes a heartbeat; returns the validator.
    pub(super) fn note_heartbeat(&mut self, id: u64, now_us: i64) -> Option<&str> {
        if let Some(record) = self.records.get_mut(&id) {
            record.heartbeat_count += 1;
        }
        let connection = self.open.get_mut(&id)?;
        connection.heartbeat_us = now_us;
        connection.is_pause_noted = false;
        connection.validator.as_deref()
    }

    /// Connections that are not about to end, with their validators.
    pub(super) fn authenticated(&self) -> Vec<(u64, String)> {
        let open = self.open.iter();
        let open = open.filter(|(_, connection)| !connection.is_ending);
        open.filter_map(|(id, connection)| Some((*id, connection.validator.clone()?)))
            .collect()
    }

    /// Connections of this validator that are not about to end.
    pub(super) fn of(&self, validator: &str) -> Vec<u64> {
        let open = self.open.iter();
        let of_validator = open.filter(|(_, connection)| {
            !connection.is_ending && connection.validator.as_deref() == Some(validator)
        });
        of_validator.map(|(id, _)| *id).collect()
    }

    /// Connections on which nothing has come since then.
    pub(super) fn silent_since(&self, since_us: i64) -> Vec<u64> {
        let open = self.open.iter();
        let silent =
            open.filter(|(_, connection)| !connection.is_ending && connection.read_us < since_us);
        silent.map(|(id, _)| *id).collect()
    }

    /// Connections of validators without a heartbeat since then, each once a pause.
    pub(super) fn take_without_heartbeat(&mut self, since_us: i64) -> Vec<u64> {
        let open = self.open.iter_mut();
        let late = open.filter(|(_, connection)| {
            let is_served = !connection.is_ending && connection.validator.is_some();
            is_served && connection.heartbeat_us < since_us && !connection.is_pause_noted
        });
        late.map(|(id, connection)| {
            connection.is_pause_noted = true;
            *id
        })
        .collect()
    }

    pub(super) fn records(&self) -> Vec<ConnectionRecord> {
        self.records.values().cloned().collect()
    }
}
