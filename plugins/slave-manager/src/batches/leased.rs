//! The leased batches: each is with one slave, until a deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::key::{BatchKey, pairs};
use super::waiting::Entry;
use crate::slaves::Name;

/// A batch that a slave works on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Lease {
    pub(super) entry: Entry,
    pub(super) slave: Name,
    deadline_ms: u64,
}

/// All leases.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Leases {
    #[serde(with = "pairs")]
    leases: BTreeMap<BatchKey, Lease>,
    deadlines: BTreeSet<(u64, BatchKey)>,
    counts: BTreeMap<Name, usize>,
}

impl Leases {
    pub(super) fn len(&self) -> usize {
        self.leases.len()
    }

    pub(super) fn count(&self, slave: &str) -> usize {
        self.counts.get(slave).copied().unwrap_or_default()
    }

    pub(super) fn get(&self, key: BatchKey) -> Option<&Lease> {
        self.leases.get(&key)
    }

    pub(super) fn is_holder(&self, key: BatchKey, slave: &str) -> bool {
        self.get(key).is_some_and(|lease| *lease.slave == *slave)
    }

    pub(super) fn add(&mut self, key: BatchKey, entry: Entry, slave: Name, deadline_ms: u64) {
        self.remove(key);
        *self.counts.entry(Arc::clone(&slave)).or_default() += 1;
        self.deadlines.insert((deadline_ms, key));
        let lease = Lease {
            entry,
            slave,
            deadline_ms,
        };
        self.leases.insert(key, lease);
    }

    pub(super) fn remove(&mut self, key: BatchKey) -> Option<Lease> {
        let lease = self.leases.remove(&key)?;
        self.deadlines.remove(&(lease.deadline_ms, key));
        if let Some(count) = self.counts.get_mut(&lease.slave) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&lease.slave);
            }
        }
        Some(lease)
    }

    /// Removes and returns a lease whose deadline has passed.
    pub(super) fn pop_overdue(&mut self, now_ms: u64) -> Option<(BatchKey, Lease)> {
        let &(deadline_ms, key) = self.deadlines.first()?;
        if deadline_ms > now_ms {
            return None;
        }
        Some((key, self.remove(key)?))
    }

    /// Keys of a job's batches.
    pub(super) fn keys(&self, range: std::ops::RangeInclusive<BatchKey>) -> Vec<BatchKey> {
        self.leases.range(range).map(|(key, _)| *key).collect()
    }

    pub(super) fn holders(&self) -> impl Iterator<Item = &Name> {
        self.counts.keys()
    }

    /// Keys of the batches that `slave` holds, each with its deadline; searches all leases, for the rare cases that a slave
    /// loses all of them or that an operator looks at one slave.
    pub(super) fn of(&self, slave: &str) -> impl Iterator<Item = (BatchKey, u64)> {
        let leases = self.leases.iter();
        leases
            .filter(move |(_, lease)| *lease.slave == *slave)
            .map(|(key, lease)| (*key, lease.deadline_ms))
    }
}
