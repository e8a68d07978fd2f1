//! The batches that wait for a slave.
//!
//! Invariant: a waiting batch is either open to every slave that its rules admit, or reserved for one slave; choosing costs
//! O(log n), whatever waits.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::key::{BatchKey, JobNumber, Version, pairs};
use crate::slaves::Name;

/// Batches looked at, of one version, for one that a slave may have. More are unsuitable only for a slave that fails at
/// nearly everything.
const LOOKED_AT_MAX: usize = 64;

/// Slaves remembered as having failed at a batch.
const FAILED_MAX: usize = 16;

/// A batch, but for what all batches of its job have in common.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Entry {
    pub(super) num_nonces: u64,
    pub(super) sampled_nonces: Vec<u64>,
    /// Leases that have ended without an answer.
    pub(super) expiries: u8,
    #[serde(default)]
    pub(super) rules: Option<Box<Rules>>,
}

/// Who may have a batch.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Rules {
    pub(crate) not_for: Vec<Name>,
    pub(crate) only_for: Option<Name>,
    /// Slaves that have failed at it, and until when they do not get it again.
    pub(crate) failed: Vec<(Name, u64)>,
}

impl Entry {
    /// Whether `slave` may have it.
    pub(super) fn suits(&self, slave: &str, now_ms: u64) -> bool {
        self.rules.as_ref().is_none_or(|rules| {
            let has_failed =
                |(name, until_ms): &(Name, u64)| **name == *slave && now_ms < *until_ms;
            rules.only_for.as_deref().is_none_or(|only| only == slave)
                && !rules.not_for.iter().any(|name| **name == *slave)
                && !rules.failed.iter().any(has_failed)
        })
    }

    pub(super) fn add_failure(&mut self, slave: Name, until_ms: u64) {
        let failed = &mut self.rules.get_or_insert_default().failed;
        failed.retain(|(name, _)| *name != slave);
        if failed.len() >= FAILED_MAX {
            failed.remove(0);
        }
        failed.push((slave, until_ms));
    }
}

/// The waiting batches, by how they can be chosen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct WaitingBatches {
    #[serde(with = "pairs")]
    entries: BTreeMap<BatchKey, Entry>,
    open: BTreeSet<BatchKey>,
    /// For which slave, and until when.
    #[serde(with = "pairs", rename = "kept")]
    reserved: BTreeMap<BatchKey, (Name, u64)>,
    #[serde(rename = "kept_for")]
    reserved_for: BTreeSet<(Name, BatchKey)>,
    #[serde(rename = "kept_until")]
    reserved_until: BTreeSet<(u64, BatchKey)>,
}

impl WaitingBatches {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn count(&self, version: Version) -> usize {
        self.entries.range(BatchKey::range(version)).count()
    }

    pub(super) fn get(&self, key: BatchKey) -> Option<&Entry> {
        self.entries.get(&key)
    }

    /// Adds a batch; one that only one slave may have is reserved for it.
    pub(super) fn insert(&mut self, key: BatchKey, entry: Entry) {
        self.remove(key);
        let only_for = entry
            .rules
            .as_ref()
            .and_then(|rules| rules.only_for.clone());
        match only_for {
            Some(slave) => self.reserve(key, slave, u64::MAX),
            None => drop(self.open.insert(key)),
        }
        self.entries.insert(key, entry);
    }

    /// Adds a batch that only `slave` gets until `until_ms`.
    pub(super) fn reserve_for(&mut self, key: BatchKey, entry: Entry, slave: Name, until_ms: u64) {
        self.remove(key);
        self.reserve(key, slave, until_ms);
        self.entries.insert(key, entry);
    }

    pub(super) fn remove(&mut self, key: BatchKey) -> Option<Entry> {
        let entry = self.entries.remove(&key)?;
        self.open.remove(&key);
        self.unreserve(key);
        Some(entry)
    }

    /// Removes and returns the most urgent batch that `slave` may have, of another job than those in `skipped`.
    pub(super) fn take_for(
        &mut self,
        slave: &Name,
        now_ms: u64,
        skipped: &BTreeSet<JobNumber>,
    ) -> Option<(BatchKey, Entry)> {
        let key = self.reserved_key(slave, now_ms, skipped).or_else(|| {
            let versions = Version::ALL.into_iter();
            versions
                .filter_map(|version| self.open_key(version, slave, now_ms, skipped))
                .next()
        })?;
        Some((key, self.remove(key)?))
    }

    /// Opens the batches whose reservation is over, and returns their number.
    pub(super) fn open_overdue(&mut self, now_ms: u64) -> u64 {
        let mut opened = 0;
        while let Some(&(until_ms, key)) = self.reserved_until.first()
            && until_ms <= now_ms
        {
            self.unreserve(key);
            self.open.insert(key);
            opened += 1;
        }
        opened
    }

    fn reserve(&mut self, key: BatchKey, slave: Name, until_ms: u64) {
        self.reserved_for.insert((Arc::clone(&slave), key));
        self.reserved_until.insert((until_ms, key));
        self.reserved.insert(key, (slave, until_ms));
    }

    fn unreserve(&mut self, key: BatchKey) {
        if let Some((slave, until_ms)) = self.reserved.remove(&key) {
            self.reserved_for.remove(&(slave, key));
            self.reserved_until.remove(&(until_ms, key));
        }
    }

    fn reserved_key(
        &self,
        slave: &Name,
        now_ms: u64,
        skipped: &BTreeSet<JobNumber>,
    ) -> Option<BatchKey> {
        let first = *BatchKey::range(Version::Proof).start();
        let reserved = self.reserved_for.range((Arc::clone(slave), first)..);
        reserved
            .take_while(|(name, _)| name == slave)
            .take(LOOKED_AT_MAX)
            .map(|(_, key)| *key)
            .filter(|key| !skipped.contains(&key.job))
            .find(|key| self.suits(key, slave, now_ms))
    }

    fn open_key(
        &self,
        version: Version,
        slave: &Name,
        now_ms: u64,
        skipped: &BTreeSet<JobNumber>,
    ) -> Option<BatchKey> {
        let (first, last) = BatchKey::range(version).into_inner();
        let mut from = Bound::Included(first);
        for _ in 0..LOOKED_AT_MAX + skipped.len() {
            let key = *self.open.range((from, Bound::Included(last))).next()?;
            from = if skipped.contains(&key.job) {
                // Past all batches of this job, however many they are.
                Bound::Excluded(*BatchKey::job_range(version, key.job).end())
            } else if self.suits(&key, slave, now_ms) {
                return Some(key);
            } else {
                Bound::Excluded(key)
            };
        }
        None
    }

    fn suits(&self, key: &BatchKey, slave: &Name, now_ms: u64) -> bool {
        self.entries
            .get(key)
            .is_some_and(|entry| entry.suits(slave, now_ms))
    }

    pub(super) fn has_any(&self, range: std::ops::RangeInclusive<BatchKey>) -> bool {
        self.entries.range(range).next().is_some()
    }

    /// Keys of a job's batches.
    pub(super) fn keys(&self, range: std::ops::RangeInclusive<BatchKey>) -> Vec<BatchKey> {
        self.entries.range(range).map(|(key, _)| *key).collect()
    }
}
