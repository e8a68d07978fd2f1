//! What a miner has seen of the validator: the measurements of benches, and the evidence of judges.

mod kind;
mod report;
mod violation;

pub use kind::MessageKind;
pub use report::{MinerReport, ReadFrame};
pub use violation::{Violation, ViolationKind};

use std::collections::BTreeMap;

/// Frames whose times a miner keeps; later ones are only counted.
const READS_COUNT_MAX: usize = 200_000;
/// Violations that a miner keeps; later ones are only counted.
const VIOLATIONS_COUNT_MAX: usize = 10_000;

/// Where and when a frame came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The number of the connection.
    pub(crate) connection: u64,
    /// When it was read whole, in microseconds since 1970.
    pub(crate) at_us: i64,
}

/// The records of one miner.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    counts: BTreeMap<MessageKind, u64>,
    reads: Vec<ReadFrame>,
    violations: Vec<Violation>,
    violation_count: u64,
    connection_count: u64,
    /// Violations that were handed to the log.
    logged_count: usize,
}

impl Journal {
    pub(crate) fn note_connection(&mut self) {
        self.connection_count += 1;
    }

    pub(crate) fn note_read(&mut self, read: ReadFrame) {
        *self.counts.entry(read.kind).or_default() += 1;
        if self.reads.len() < READS_COUNT_MAX {
            self.reads.push(read);
        }
    }

    pub(crate) fn note_violation(&mut self, violation: Violation) {
        self.violation_count += 1;
        if self.violations.len() < VIOLATIONS_COUNT_MAX {
            self.violations.push(violation);
        }
    }

    /// Takes the violations that are not in the log yet.
    pub(crate) fn take_unlogged(&mut self) -> &[Violation] {
        let unlogged = self.violations.get(self.logged_count..).unwrap_or_default();
        self.logged_count += unlogged.len();
        unlogged
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Fills the part of the report that is the journal's.
    pub(crate) fn fill(&self, report: &mut MinerReport) {
        report.counts = self.counts.clone();
        report.reads = self.reads.clone();
        report.violations = self.violations.clone();
        report.violation_count = self.violation_count;
        report.connection_count = self.connection_count;
    }
}
