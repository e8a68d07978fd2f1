//! The state as entries.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tig_protocol::PreciseNumber;

use super::changes::{Changes, Key};
use super::entries::Edits;
use super::network::Network;
use super::topups::Transaction;

/// Version of the entries.
pub(in crate::network) const LAYOUT: u32 = 2;

pub(in crate::network) const COUNTERS: &str = "counters";
pub(in crate::network) const ACCOUNTS: &str = "accounts";
pub(in crate::network) const BLOCKS: &str = "block/";
pub(in crate::network) const RECORDS: &str = "record/";
pub(in crate::network) const TOPUPS: &str = "topup/";
pub(in crate::network) const ALGORITHMS: &str = "algorithm/";
/// Modules by algorithm id.
pub(in crate::network) const WASMS: &str = "wasm/";

/// Numbers of the network, and the count of each kind of entry.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::network) struct Counters {
    pub(in crate::network) layout: u32,
    pub(in crate::network) seed: u64,
    pub(in crate::network) num_submitted: u64,
    pub(in crate::network) num_rollbacks: u64,
    pub(in crate::network) num_expired: u64,
    pub(in crate::network) num_blocks: usize,
    pub(in crate::network) num_records: usize,
    pub(in crate::network) num_topups: usize,
    pub(in crate::network) num_algorithms: usize,
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::network) struct Accounts {
    pub(in crate::network) opened: BTreeMap<String, PreciseNumber>,
    pub(in crate::network) key_holders: BTreeSet<String>,
    pub(in crate::network) transactions: BTreeMap<String, Transaction>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::network) struct KeptAlgorithm {
    pub(in crate::network) name: String,
    pub(in crate::network) challenge_id: String,
    pub(in crate::network) confirmed: Option<u32>,
    pub(in crate::network) round: u32,
}

impl Network {
    /// From now on [`Network::take_edits`] returns what has changed, for the first time everything.
    pub fn track_changes(&mut self) {
        self.changes = Changes::tracked();
        self.changes.touch_everything();
    }

    /// The changes since the last call.
    ///
    /// # Errors
    /// The state cannot be written as JSON, which never happens.
    pub fn take_edits(&mut self) -> Result<Edits, serde_json::Error> {
        let mut edits = Edits::default();
        if self.changes.is_empty() {
            return Ok(edits);
        }
        let changes = std::mem::replace(&mut self.changes, Changes::tracked());
        edits.clear = changes.is_everything();
        let keys = if changes.is_everything() {
            self.all_keys()
        } else {
            changes.into_keys()
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
