//! Results that may still come for what counts no more.
//!
//! When the network takes a block back and confirms a precommit anew, the random hash of its batches changes and their ids do
//! not: nothing in a result tells which hash it is for. So the next result of whoever had a batch by then is not taken.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::shelf::Name;

/// Leases of a job remembered that have ended without a word.
const SILENT_MAX: usize = 10_000;

/// Of one job; batches by start nonce.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Strays {
    /// Who has, or had, a batch of the present hash and has not answered.
    silent: BTreeSet<(u64, Name)>,
    /// Who had one of a former hash.
    outdated: BTreeSet<(u64, Name)>,
}

impl Strays {
    /// A lease has ended without a word.
    pub(crate) fn fell_silent(&mut self, start_nonce: u64, slave: &Name) {
        if self.silent.len() < SILENT_MAX {
            self.silent.insert((start_nonce, Arc::clone(slave)));
        }
    }

    pub(crate) fn answered(&mut self, start_nonce: u64, slave: &Name) {
        self.silent.remove(&(start_nonce, Arc::clone(slave)));
    }

    /// All of this once the hash has changed.
    pub(crate) fn outdated(mut self) -> Self {
        self.outdated.append(&mut self.silent);
        self
    }

    /// A result has come. Whether it may be for a former hash; the next one is not.
    pub(crate) fn take(&mut self, start_nonce: u64, slave: &Name) -> bool {
        let batch = (start_nonce, Arc::clone(slave));
        self.silent.remove(&batch);
        self.outdated.remove(&batch)
    }

    /// Whose next result for this batch is not taken.
    pub(crate) fn of(&self, start_nonce: u64) -> impl Iterator<Item = &Name> {
        let of_batch = self
            .outdated
            .iter()
            .filter(move |(its, _)| *its == start_nonce);
        of_batch.map(|(_, slave)| slave)
    }
}
