//! The batches that wait for a slave.
//!
//! Invariant: a waiting batch is either open to every slave that its rules admit, or kept for one slave; choosing costs
//! O(log n), whatever waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    pairs,
    place::{Place, Version},
};

/// Name of a slave.
pub(crate) type Name = Arc<str>;

/// Batches looked at, of one version, for one that a slave may have. More are unsuitable only for a slave that fails at
/// nearly everything.
const LOOKED_AT_MAX: usize = 64;

/// Slaves remembered as having failed at a batch.
const FAILED_MAX: usize = 16;

/// A batch, but for what all batches of its job have in common.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Entry {
    pub(crate) num_nonces: u64,
    pub(crate) sampled_nonces: Vec<u64>,
    /// Leases that have ended without a word.
    pub(crate) expiries: u8,
    #[serde(default)]
    pub(crate) rules: Option<Box<Rules>>,
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
    pub(crate) fn suits(&self, slave: &str, now_ms: u64) -> bool {
        self.rules.as_ref().is_none_or(|rules| {
            let has_failed =
                |(name, until_ms): &(Name, u64)| **name == *slave && now_ms < *until_ms;
            rules.only_for.as_deref().is_none_or(|only| only == slave)
                && !rules.not_for.iter().any(|name| **name == *slave)
                && !rules.failed.iter().any(has_failed)
        })
    }

    pub(crate) fn add_failure(&mut self, slave: Name, until_ms: u64) {
        let failed = &mut self.rules.get_or_insert_default().failed;
        failed.retain(|(name, _)| *name != slave);
        if failed.len() >= FAILED_MAX {
            failed.remove(0);
        }
        failed.push((slave, until_ms));
    }
}

/// See the module's documentation.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Shelf {
    #[serde(with = "pairs")]
    entries: BTreeMap<Place, Entry>,
    open: BTreeSet<Place>,
    /// For whom, and until when.
    #[serde(with = "pairs")]
    kept: BTreeMap<Place, (Name, u64)>,
    kept_for: BTreeSet<(Name, Place)>,
    kept_until: BTreeSet<(u64, Place)>,
}

impl Shelf {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn count(&self, version: Version) -> usize {
        self.entries.range(Place::range(version)).count()
    }

    pub(crate) fn get(&self, place: Place) -> Option<&Entry> {
        self.entries.get(&place)
    }

    /// Adds a batch; one that only one slave may have is kept for it.
    pub(crate) fn put(&mut self, place: Place, entry: Entry) {
        self.remove(place);
        let only_for = entry
            .rules
            .as_ref()
            .and_then(|rules| rules.only_for.clone());
        match only_for {
            Some(slave) => self.keep(place, slave, u64::MAX),
            None => drop(self.open.insert(place)),
        }
        self.entries.insert(place, entry);
    }

    /// Adds a batch that only `slave` gets until `until_ms`.
    pub(crate) fn put_for(&mut self, place: Place, entry: Entry, slave: Name, until_ms: u64) {
        self.remove(place);
        self.keep(place, slave, until_ms);
        self.entries.insert(place, entry);
    }

    pub(crate) fn remove(&mut self, place: Place) -> Option<Entry> {
        let entry = self.entries.remove(&place)?;
        self.open.remove(&place);
        self.unkeep(place);
        Some(entry)
    }

    /// Takes the most urgent batch that `slave` may have.
    pub(crate) fn take(&mut self, slave: &Name, now_ms: u64) -> Option<(Place, Entry)> {
        let place = self.kept_place(slave, now_ms).or_else(|| {
            let versions = Version::ALL.into_iter();
            versions
                .filter_map(|version| self.open_place(version, slave, now_ms))
                .next()
        })?;
        Some((place, self.remove(place)?))
    }

    /// Opens what has been kept for long enough. Returns how many batches that were.
    pub(crate) fn open_overdue(&mut self, now_ms: u64) -> u64 {
        let mut opened = 0;
        while let Some(&(until_ms, place)) = self.kept_until.first()
            && until_ms <= now_ms
        {
            self.unkeep(place);
            self.open.insert(place);
            opened += 1;
        }
        opened
    }

    fn keep(&mut self, place: Place, slave: Name, until_ms: u64) {
        self.kept_for.insert((Arc::clone(&slave), place));
        self.kept_until.insert((until_ms, place));
        self.kept.insert(place, (slave, until_ms));
    }

    fn unkeep(&mut self, place: Place) {
        if let Some((slave, until_ms)) = self.kept.remove(&place) {
            self.kept_for.remove(&(slave, place));
            self.kept_until.remove(&(until_ms, place));
        }
    }

    fn kept_place(&self, slave: &Name, now_ms: u64) -> Option<Place> {
        let first = *Place::range(Version::Proof).start();
        let kept = self.kept_for.range((Arc::clone(slave), first)..);
        kept.take_while(|(name, _)| name == slave)
            .take(LOOKED_AT_MAX)
            .map(|(_, place)| *place)
            .find(|place| self.suits(place, slave, now_ms))
    }

    fn open_place(&self, version: Version, slave: &Name, now_ms: u64) -> Option<Place> {
        let open = self.open.range(Place::range(version)).take(LOOKED_AT_MAX);
        open.copied().find(|place| self.suits(place, slave, now_ms))
    }

    fn suits(&self, place: &Place, slave: &Name, now_ms: u64) -> bool {
        self.entries
            .get(place)
            .is_some_and(|entry| entry.suits(slave, now_ms))
    }

    /// Places of a job's batches.
    pub(crate) fn places(&self, range: std::ops::RangeInclusive<Place>) -> Vec<Place> {
        self.entries.range(range).map(|(place, _)| *place).collect()
    }
}
