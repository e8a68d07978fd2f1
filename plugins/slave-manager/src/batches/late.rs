//! Late results: those that may still come for a stale random hash, or for former samples.
//!
//! When the network rolls a block back and reconfirms a precommit, the random hash of its batches changes and their ids do
//! not: a result of the earlier master's slaves does not say which hash it is for. So the next result of each slave that had
//! a batch by then is rejected. Where the network keeps the hash and samples other nonces, the late proofs are known by their
//! nonces, and one such result of each slave that had the former samples does not count against it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::slaves::Name;

/// Leases of a job that have ended without an answer; more are not remembered.
const UNANSWERED_MAX: usize = 10_000;

/// Of one job; batches by start nonce.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct LateResults {
    /// Slaves that have, or had, a batch of the present hash and have not answered.
    #[serde(rename = "silent")]
    unanswered: BTreeSet<(u64, Name)>,
    /// Slaves that had a batch of an earlier hash.
    #[serde(rename = "outdated")]
    stale: BTreeSet<(u64, Name)>,
    /// Slaves that had, or may have, former samples of the present hash and have not delivered their proofs.
    #[serde(default)]
    resampled: BTreeSet<(u64, Name)>,
}

impl LateResults {
    /// Records that a lease has ended without an answer.
    pub(super) fn add_unanswered(&mut self, start_nonce: u64, slave: &Name) {
        if self.unanswered.len() < UNANSWERED_MAX {
            self.unanswered.insert((start_nonce, Arc::clone(slave)));
        }
    }

    /// A good result of the slave has come.
    pub(super) fn remove_unanswered(&mut self, start_nonce: u64, slave: &Name) {
        let batch = (start_nonce, Arc::clone(slave));
        self.unanswered.remove(&batch);
        self.resampled.remove(&batch);
    }

    /// The network has sampled other nonces of the batch: answers that are missing may be proofs of the former ones. Leases with
    /// those samples must have ended before.
    pub(super) fn resample(&mut self, start_nonce: u64) {
        let room = UNANSWERED_MAX.saturating_sub(self.resampled.len());
        let of_batch = self
            .unanswered
            .iter()
            .filter(|(its, _)| *its == start_nonce);
        self.resampled.extend(of_batch.take(room).cloned());
    }

    /// Whether a result that proves other nonces than the sampled ones may be for former samples. The next one of the same
    /// slave is not.
    pub(super) fn take_resampled(&mut self, start_nonce: u64, slave: &Name) -> bool {
        self.resampled.remove(&(start_nonce, Arc::clone(slave)))
    }

    /// The same after the hash has changed: all answers that are missing are stale.
    pub(super) fn into_stale(mut self) -> Self {
        self.stale.append(&mut self.unanswered);
        self.resampled.clear();
        self
    }

    /// Whether the result that has come may be for an earlier hash. The next one of the same slave is not.
    pub(super) fn take_stale(&mut self, start_nonce: u64, slave: &Name) -> bool {
        let batch = (start_nonce, Arc::clone(slave));
        self.unanswered.remove(&batch);
        self.stale.remove(&batch)
    }

    /// The slaves whose next result for this batch is rejected.
    pub(super) fn stale_slaves(&self, start_nonce: u64) -> impl Iterator<Item = &Name> {
        let of_batch = self
            .stale
            .iter()
            .filter(move |(its, _)| *its == start_nonce);
        of_batch.map(|(_, slave)| slave)
    }
}
