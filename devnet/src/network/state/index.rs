//! An index of all records, so that a request need not look at each of them.
//!
//! Invariant: it is `Index::of(records)` at any time. Submissions and re-executions add to it; a block or a
//! rollback rebuilds it.

use std::collections::{BTreeMap, BTreeSet};

use tig_protocol::PreciseNumber;

use super::records::{Precommit, Record, ReexecutionState};

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// Benchmark ids per player.
    by_player: BTreeMap<String, BTreeSet<String>>,
    /// Fees of the precommits in the mempool, per player who has some.
    reserved: BTreeMap<String, PreciseNumber>,
    /// Benchmark ids of the proofs that wait for their re-execution, by the order of their precommits.
    waiting: BTreeMap<u64, String>,
    /// Proofs in re-execution.
    num_running: usize,
}

impl Index {
    pub(crate) fn of(records: &BTreeMap<String, Record>) -> Self {
        let mut index = Self::default();
        for (id, record) in records {
            index.add_precommit(id, &record.precommit);
            match record.proof.as_ref().map(|proof| proof.reexecution) {
                Some(ReexecutionState::Waiting) => index.add_waiting(id, record.sequence),
                Some(ReexecutionState::Running) => index.num_running += 1,
                Some(ReexecutionState::Done) | None => (),
            }
        }
        index
    }

    pub(crate) fn add_precommit(&mut self, id: &str, precommit: &Precommit) {
        let player_id = &precommit.settings.player_id;
        self.by_player
            .entry(player_id.clone())
            .or_default()
            .insert(id.to_owned());
        if precommit.confirmed.is_none() {
            let reserved = self.reserved.entry(player_id.clone()).or_default();
            // Each fee was covered by a balance of 256 bits, and so is their sum.
            *reserved = reserved
                .checked_add(precommit.fee_paid)
                .unwrap_or(*reserved);
        }
    }

    /// A proof waits for its re-execution.
    pub(crate) fn add_waiting(&mut self, id: &str, sequence: u64) {
        self.waiting.insert(sequence, id.to_owned());
    }

    /// The proof of the oldest precommit that waits for its re-execution.
    pub(crate) fn first_waiting(&self) -> Option<&str> {
        self.waiting.values().next().map(String::as_str)
    }

    /// The re-execution of a proof that waited begins.
    pub(crate) fn start(&mut self, sequence: u64) {
        self.waiting.remove(&sequence);
        self.num_running += 1;
    }

    /// A re-execution has ended.
    pub(crate) fn end(&mut self) {
        self.num_running = self.num_running.saturating_sub(1);
    }

    pub(crate) fn num_reexecutions(&self) -> usize {
        self.waiting.len() + self.num_running
    }

    /// Benchmark ids of a player, ascending.
    pub(crate) fn benchmark_ids(&self, player_id: &str) -> impl Iterator<Item = &String> {
        self.by_player.get(player_id).into_iter().flatten()
    }

    pub(crate) fn reserved(&self, player_id: &str) -> PreciseNumber {
        self.reserved.get(player_id).copied().unwrap_or_default()
    }
}
