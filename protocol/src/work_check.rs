//! Whether a result answers its batch: what a slave checks before it sends and a master before it stores.

use std::collections::BTreeSet;

use crate::{Batch, BatchResult, MerkleProof};

/// Why a result does not answer its batch.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBatchResult {
    /// A solution outside the batch.
    #[error("solution nonce {0} is not in the batch")]
    SolutionOutside(u64),
    /// A solution listed twice.
    #[error("solution nonce {0} is listed twice")]
    SolutionTwice(u64),
    /// The proofs are not exactly those asked for.
    #[error("proofs are for nonces {proved:?}, but sampled were {sampled:?}")]
    OtherProofs {
        /// Nonces proved, ascending.
        proved: Vec<u64>,
        /// Nonces asked for, ascending.
        sampled: Vec<u64>,
    },
    /// A branch does not lead from its leaf to the root.
    #[error("the branch of nonce {0} does not lead to the merkle root")]
    BrokenBranch(u64),
}

impl Batch {
    /// Checks that the solution nonces of `result` lie in this batch, that it proves exactly the sampled nonces, and that
    /// every proof leads from its leaf to the stated root. What the leaves say is not checked.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn check(&self, result: &BatchResult) -> Result<(), BadBatchResult> {
        let mut seen = BTreeSet::new();
        for &nonce in &result.solution_nonces {
            if !self.contains(nonce) {
                return Err(BadBatchResult::SolutionOutside(nonce));
            }
            if !seen.insert(nonce) {
                return Err(BadBatchResult::SolutionTwice(nonce));
            }
        }
        // A sampled nonce may be asked for twice, but is proved once.
        let sampled: BTreeSet<u64> = self.sampled_nonces.iter().copied().collect();
        let mut proved: Vec<u64> = nonces_proved(result).collect();
        proved.sort_unstable();
        if !proved.iter().eq(&sampled) {
            return Err(BadBatchResult::OtherProofs {
                proved,
                sampled: sampled.into_iter().collect(),
            });
        }
        let broken = |proof: &&MerkleProof| !self.leads_to_root(result, proof);
        match result.merkle_proofs.iter().find(broken) {
            Some(proof) => Err(BadBatchResult::BrokenBranch(proof.leaf.nonce)),
            None => Ok(()),
        }
    }

    /// Whether all that [`Batch::check`] has found wrong with `result` is that it proves other nonces than the sampled ones: a
    /// benchmark that is confirmed again after a rollback has other samples, and slaves still have batches with the former ones.
    #[must_use]
    pub fn proves_other_nonces(&self, result: &BatchResult, error: &BadBatchResult) -> bool {
        let BadBatchResult::OtherProofs { proved, .. } = error else {
            return false;
        };
        let mut former = self.clone();
        former.sampled_nonces.clone_from(proved);
        former.check(result).is_ok()
    }

    fn contains(&self, nonce: u64) -> bool {
        nonce
            .checked_sub(self.start_nonce)
            .is_some_and(|index| index < self.num_nonces)
    }

    fn leads_to_root(&self, result: &BatchResult, proof: &MerkleProof) -> bool {
        // Climbing alone does not notice a stem that is too deep where its index is even, but the whole branch, with the
        // top tree's stems behind, would have it out of order.
        let levels = self.batch_size.trailing_zeros();
        let inside = |&(depth, _): &(u8, _)| u32::from(depth) < levels;
        let index = proof.leaf.nonce.saturating_sub(self.start_nonce);
        proof.branch.stems().iter().all(inside)
            && proof.branch.root(proof.leaf.leaf_hash(), index) == Ok(result.merkle_root)
    }
}

fn nonces_proved(result: &BatchResult) -> impl Iterator<Item = u64> {
    result.merkle_proofs.iter().map(|proof| proof.leaf.nonce)
}
