//! The report of a miner.

use std::collections::BTreeMap;

use horde_proto::receipt::Receipt;
use serde::{Deserialize, Serialize};

use super::kind::MessageKind;
use super::violation::Violation;

/// A frame of a validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFrame {
    /// When it was read whole, in microseconds since 1970 by a clock that never goes back.
    pub at_us: i64,
    /// The number of the connection, from 0, in the order in which they were opened.
    pub connection: u64,
    /// Its kind.
    pub kind: MessageKind,
    /// The job that it is for.
    pub job_uuid: Option<String>,
}

/// What a miner has seen since it was started, or since its report was cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinerReport {
    /// The number of the miner.
    pub index: usize,
    /// The SS58 address of its hotkey.
    pub hotkey: String,
    /// Its vices at present.
    pub vices: Vec<String>,
    /// Connections that were opened.
    pub connection_count: u64,
    /// Connections that are open.
    pub open_connection_count: usize,
    /// Jobs that are reserved, wait for a free executor or run.
    pub unfinished_job_count: usize,
    /// Frames by kind.
    pub counts: BTreeMap<MessageKind, u64>,
    /// The frames in the order in which they came, up to a bound.
    pub reads: Vec<ReadFrame>,
    /// Receipts with both signatures, in the order in which they came. The validator's signatures are valid.
    pub receipts: Vec<Receipt>,
    /// What the validator did against the protocol, up to a bound.
    pub violations: Vec<Violation>,
    /// How often it did.
    pub violation_count: u64,
}

impl MinerReport {
    /// When frames of this kind were read, in microseconds since 1970.
    pub fn times_us(&self, kind: MessageKind) -> impl Iterator<Item = i64> {
        let reads = self.reads.iter();
        reads
            .filter(move |read| read.kind == kind)
            .map(|read| read.at_us)
    }

    /// How many frames of this kind were read.
    pub fn count(&self, kind: MessageKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }
}
