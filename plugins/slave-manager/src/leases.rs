//! The batches that are out: each with one slave, until a deadline.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    pairs,
    place::Place,
    shelf::{Entry, Name},
};

/// A batch that a slave works on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Lease {
    pub(crate) entry: Entry,
    pub(crate) slave: Name,
    deadline_ms: u64,
}

/// All leases.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Leases {
    #[serde(with = "pairs")]
    leases: BTreeMap<Place, Lease>,
    deadlines: BTreeSet<(u64, Place)>,
    counts: BTreeMap<Name, usize>,
}

impl Leases {
    pub(crate) fn len(&self) -> usize {
        self.leases.len()
    }

    pub(crate) fn count(&self, slave: &str) -> usize {
        self.counts.get(slave).copied().unwrap_or_default()
    }

    pub(crate) fn get(&self, place: Place) -> Option<&Lease> {
        self.leases.get(&place)
    }

    pub(crate) fn is_holder(&self, place: Place, slave: &str) -> bool {
        self.get(place).is_some_and(|lease| *lease.slave == *slave)
    }

    pub(crate) fn add(&mut self, place: Place, entry: Entry, slave: Name, deadline_ms: u64) {
        self.remove(place);
        *self.counts.entry(Arc::clone(&slave)).or_default() += 1;
        self.deadlines.insert((deadline_ms, place));
        let lease = Lease {
            entry,
            slave,
            deadline_ms,
        };
        self.leases.insert(place, lease);
    }

    pub(crate) fn remove(&mut self, place: Place) -> Option<Lease> {
        let lease = self.leases.remove(&place)?;
        self.deadlines.remove(&(lease.deadline_ms, place));
        if let Some(count) = self.counts.get_mut(&lease.slave) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&lease.slave);
            }
        }
        Some(lease)
    }

    /// Takes a lease that is over.
    pub(crate) fn pop_overdue(&mut self, now_ms: u64) -> Option<(Place, Lease)> {
        let &(deadline_ms, place) = self.deadlines.first()?;
        if deadline_ms > now_ms {
            return None;
        }
        Some((place, self.remove(place)?))
    }

    /// Places of a job's batches.
    pub(crate) fn places(&self, range: std::ops::RangeInclusive<Place>) -> Vec<Place> {
        self.leases.range(range).map(|(place, _)| *place).collect()
    }

    /// Places of what `slave` holds: for the rare case that all of it is taken away.
    pub(crate) fn places_of(&self, slave: &str) -> Vec<Place> {
        let held = self
            .leases
            .iter()
            .filter(|(_, lease)| *lease.slave == *slave);
        held.map(|(place, _)| *place).collect()
    }
}
