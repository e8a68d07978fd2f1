//! Batches with a good result.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::key::{BatchKey, Version, pairs};
use crate::slaves::Name;

/// Batches remembered, so that a second result is known to be one.
const COMPLETED_MAX: usize = 250_000;

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Done {
    slave: Name,
    sampled_nonces: Box<[u64]>,
    /// The slave held the batch when it sent the result, which was not refused so far.
    #[serde(default)]
    is_answer: bool,
    /// The root under its name came from it: it held the batch then. `take_answer` leaves this as it is.
    #[serde(default)]
    root_is_answer: bool,
}

/// The slave and the samples of each completed batch.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Completed(#[serde(with = "pairs")] BTreeMap<BatchKey, Done>);

impl Completed {
    pub(super) fn add(
        &mut self,
        key: BatchKey,
        slave: &Name,
        sampled_nonces: &[u64],
        is_answer: bool,
    ) {
        // Proofs do not make an earlier root under this name the slave's own.
        let root = self.0.get(&key.with_version(Version::Plain));
        let root_is_answer = root
            .filter(|root| root.slave == *slave)
            .map_or(is_answer, |root| root.root_is_answer);
        let done = Done {
            slave: Arc::clone(slave),
            sampled_nonces: sampled_nonces.into(),
            is_answer,
            root_is_answer,
        };
        self.0.insert(key, done);
        while self.0.len() > COMPLETED_MAX {
            self.0.pop_first();
        }
    }

    /// The slave whose result it is.
    pub(super) fn slave_of(&self, key: BatchKey) -> Option<&Name> {
        self.0.get(&key).map(|done| &done.slave)
    }

    /// The samples that its result has proved.
    pub(super) fn sampled_nonces(&self, key: BatchKey) -> Option<&[u64]> {
        self.0.get(&key).map(|done| &*done.sampled_nonces)
    }

    /// Whether a further result of `slave` is not needed. A root from another slave is a second opinion.
    pub(super) fn needs_no_result_of(&self, key: BatchKey, slave: &str) -> bool {
        self.slave_of(key)
            .is_some_and(|by| **by == *slave || key.version == Version::Proof)
    }

    /// Forgets the batch, which is wanted again. Returns the slave that has failed at it; `None` if other nonces are sampled now.
    pub(super) fn take_failed(&mut self, key: BatchKey, sampled_nonces: &[u64]) -> Option<Name> {
        let done = self.0.remove(&key)?;
        (*done.sampled_nonces == *sampled_nonces).then_some(done.slave)
    }

    /// Whether the batch was completed by an answer of `slave`, and no root under its name came from elsewhere; from now on
    /// it was not.
    pub(super) fn take_answer(&mut self, key: BatchKey, slave: &str) -> bool {
        let done = self.0.get_mut(&key).filter(|done| *done.slave == *slave);
        done.is_some_and(|done| std::mem::take(&mut done.is_answer) && done.root_is_answer)
    }

    pub(super) fn forget(&mut self, range: RangeInclusive<BatchKey>) {
        let keys: Vec<BatchKey> = self.0.range(range).map(|(key, _)| *key).collect();
        for key in keys {
            self.0.remove(&key);
        }
    }
}
