//! Taking the latest block back, as when a network decides for another branch.

use super::accounts::Account;
use super::index::Index;
use super::network::Network;
use super::records::Record;

impl Network {
    /// Takes the latest block back: what it confirmed waits in the mempool again, and what depended on that is gone.
    /// The next block has its height and another id. `false` if no block before it is known.
    ///
    /// Records that left the lifespan window with that block stay forgotten.
    pub fn rollback(&mut self) -> bool {
        let Some(block) = self.chain.pop() else {
            return false;
        };
        self.num_rollbacks += 1;
        self.changes.touch_everything();
        let height = block.details.height;
        self.records
            .retain(|_, record| record.precommit.block_started < height);
        for topup in self.topups.values_mut() {
            topup.confirmed = topup.confirmed.filter(|&confirmed| confirmed < height);
        }
        for algorithm in self.algorithms.values_mut() {
            algorithm.confirmed = algorithm.confirmed.filter(|&confirmed| confirmed < height);
        }
        let accounts = &mut self.chain.latest_mut().accounts;
        for (player_id, &balance) in &self.opened {
            accounts
                .entry(player_id.clone())
                .or_insert_with(|| Account::new(balance));
        }
        for record in self.records.values_mut() {
            record.take_back(height);
        }
        self.index = Index::of(&self.records);
        true
    }
}

impl Record {
    /// Undoes what the block at `height` confirmed, and drops what was submitted because of it.
    fn take_back(&mut self, height: u32) {
        let was_confirmed = |confirmed: Option<u32>| confirmed == Some(height);
        if was_confirmed(self.confirmed_precommit().map(|it| it.height)) {
            self.precommit.confirmed = None;
            self.benchmark = None;
            self.proof = None;
            self.fraud = None;
        }
        if was_confirmed(self.confirmed_benchmark().map(|(_, it)| it.height)) {
            if let Some(benchmark) = &mut self.benchmark {
                benchmark.confirmed = None;
            }
            self.proof = None;
            self.fraud = None;
        }
        if was_confirmed(self.confirmed_proof().map(|it| it.height))
            && let Some(proof) = &mut self.proof
        {
            proof.confirmed = None;
        }
        if was_confirmed(self.confirmed_fraud())
            && let Some(fraud) = &mut self.fraud
        {
            fraud.confirmed = None;
        }
    }
}
