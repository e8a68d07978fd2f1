//! Batches with a good result.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    pairs,
    place::{Place, Version},
    shelf::Name,
};

/// Batches remembered, so that a second result is known to be one.
const FINISHED_MAX: usize = 250_000;

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Done {
    slave: Name,
    sampled_nonces: Box<[u64]>,
}

/// See the module's documentation.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Finished(#[serde(with = "pairs")] BTreeMap<Place, Done>);

impl Finished {
    pub(crate) fn add(&mut self, place: Place, slave: &Name, sampled_nonces: &[u64]) {
        let done = Done {
            slave: Arc::clone(slave),
            sampled_nonces: sampled_nonces.into(),
        };
        self.0.insert(place, done);
        while self.0.len() > FINISHED_MAX {
            self.0.pop_first();
        }
    }

    /// Whose result it is.
    pub(crate) fn by(&self, place: Place) -> Option<&Name> {
        self.0.get(&place).map(|done| &done.slave)
    }

    /// Whether a further result of `slave` tells nothing. That of another one is a second opinion on a root.
    pub(crate) fn has_heard(&self, place: Place, slave: &str) -> bool {
        self.by(place)
            .is_some_and(|by| **by == *slave || place.version == Version::Proof)
    }

    /// Forgets the batch, which is wanted again. Returns who has failed at it: nobody if other nonces are sampled now.
    pub(crate) fn take_failed(&mut self, place: Place, sampled_nonces: &[u64]) -> Option<Name> {
        let done = self.0.remove(&place)?;
        (*done.sampled_nonces == *sampled_nonces).then_some(done.slave)
    }

    pub(crate) fn forget(&mut self, range: RangeInclusive<Place>) {
        let places: Vec<Place> = self.0.range(range).map(|(place, _)| *place).collect();
        for place in places {
            self.0.remove(&place);
        }
    }
}
