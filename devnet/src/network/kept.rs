//! The state as entries, and which of them have changed.
//!
//! Invariant: whatever changes the state names the entries; `a_restored_network_is_the_same` fails if it does not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tig_protocol::PreciseNumber;

use super::{Network, Transaction};
use crate::state::Edits;

/// Version of the entries.
pub(super) const LAYOUT: u32 = 2;

/// What is kept together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Accounts,
    /// By height.
    Block(u32),
    /// By benchmark id.
    Record(String),
    /// By transaction hash.
    Topup(String),
    Algorithm(String),
}

pub(super) const COUNTERS: &str = "counters";
pub(super) const ACCOUNTS: &str = "accounts";
pub(super) const BLOCKS: &str = "block/";
pub(super) const RECORDS: &str = "record/";
pub(super) const TOPUPS: &str = "topup/";
pub(super) const ALGORITHMS: &str = "algorithm/";
/// Modules by algorithm id.
pub(super) const WASMS: &str = "wasm/";

/// Which entries have changed since they were last taken.
#[derive(Default)]
pub(crate) struct Changes {
    /// Nobody keeps a state that is not tracked.
    tracked: bool,
    everything: bool,
    keys: BTreeSet<Key>,
}

/// The same for equal states: what waits to be taken is no part of them.
impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Changes")
    }
}

/// What there is one of, and how much there is of the rest.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Counters {
    pub(super) layout: u32,
    pub(super) seed: u64,
    pub(super) num_submitted: u64,
    pub(super) num_rollbacks: u64,
    pub(super) num_expired: u64,
    pub(super) num_blocks: usize,
    pub(super) num_records: usize,
    pub(super) num_topups: usize,
    pub(super) num_algorithms: usize,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Accounts {
    pub(super) opened: BTreeMap<String, PreciseNumber>,
    pub(super) key_holders: BTreeSet<String>,
    pub(super) transactions: BTreeMap<String, Transaction>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptAlgorithm {
    pub(super) name: String,
    pub(super) challenge_id: String,
    pub(super) confirmed: Option<u32>,
    pub(super) round: u32,
}

impl Changes {
    /// All that is there is kept already.
    pub(super) fn tracked() -> Self {
        Self {
            tracked: true,
            ..Self::default()
        }
    }

    pub(super) fn is_tracked(&self) -> bool {
        self.tracked
    }

    pub(super) fn touch(&mut self, key: Key) {
        if self.tracked {
            self.keys.insert(key);
        }
    }

    pub(super) fn touch_everything(&mut self) {
        self.everything = self.tracked;
    }

    fn is_empty(&self) -> bool {
        !self.everything && self.keys.is_empty()
    }
}

impl Network {
    /// From now on [`Network::take_edits`] tells what has changed, for the first time everything.
    pub fn track_changes(&mut self) {
        self.changes = Changes::tracked();
        self.changes.touch_everything();
    }

    /// What has changed since it was last asked for.
    ///
    /// # Errors
    /// It cannot be written as JSON, which never happens.
    pub fn take_edits(&mut self) -> Result<Edits, serde_json::Error> {
        let mut edits = Edits::default();
        if self.changes.is_empty() {
            return Ok(edits);
        }
        let changes = std::mem::replace(&mut self.changes, Changes::tracked());
        edits.clear = changes.everything;
        let keys = if changes.everything {
            self.all_keys()
        } else {
            changes.keys
        };
        for key in keys {
            self.edit(&key, &mut edits)?;
        }
        let counters = serde_json::to_vec(&self.counters())?;
        edits.put.insert(COUNTERS.to_owned(), counters);
        Ok(edits)
    }

    fn all_keys(&self) -> BTreeSet<Key> {
        let heights = self.chain.newest_first().map(|it| it.details.height);
        [Key::Accounts]
            .into_iter()
            .chain(heights.map(Key::Block))
            .chain(self.records.keys().cloned().map(Key::Record))
            .chain(self.topups.keys().cloned().map(Key::Topup))
            .chain(self.algorithms.keys().cloned().map(Key::Algorithm))
            .collect()
    }

    fn edit(&self, key: &Key, edits: &mut Edits) -> Result<(), serde_json::Error> {
        let (text, value) = match key {
            Key::Accounts => (ACCOUNTS.to_owned(), json(Some(&self.accounts()))?),
            Key::Block(height) => {
                let block = self.chain.at_height(*height);
                // Keys sort as heights do.
                (format!("{BLOCKS}{height:010}"), json(block)?)
            }
            Key::Record(id) => (format!("{RECORDS}{id}"), json(self.records.get(id))?),
            Key::Topup(hash) => (format!("{TOPUPS}{hash}"), json(self.topups.get(hash))?),
            Key::Algorithm(id) => {
                let stored = self.algorithms.get(id);
                if let Some(stored) = stored {
                    let wasm = stored.published.wasm.to_vec();
                    edits.put.insert(format!("{WASMS}{id}"), wasm);
                }
                let kept = stored.map(|stored| KeptAlgorithm {
                    name: stored.published.name.clone(),
                    challenge_id: stored.published.kind.id().to_owned(),
                    confirmed: stored.confirmed,
                    round: stored.round,
                });
                (format!("{ALGORITHMS}{id}"), json(kept.as_ref())?)
            }
        };
        match value {
            Some(value) => {
                edits.put.insert(text, value);
            }
            None => edits.remove.push(text),
        }
        Ok(())
    }

    fn counters(&self) -> Counters {
        Counters {
            layout: LAYOUT,
            seed: self.seed,
            num_submitted: self.num_submitted,
            num_rollbacks: self.num_rollbacks,
            num_expired: self.num_expired,
            num_blocks: self.chain.newest_first().count(),
            num_records: self.records.len(),
            num_topups: self.topups.len(),
            num_algorithms: self.algorithms.len(),
        }
    }

    fn accounts(&self) -> Accounts {
        Accounts {
            opened: self.opened.clone(),
            key_holders: self.key_holders.clone(),
            transactions: self.transactions.clone(),
        }
    }
}

fn json(value: Option<&impl Serialize>) -> Result<Option<Vec<u8>>, serde_json::Error> {
    value.map(serde_json::to_vec).transpose()
}
