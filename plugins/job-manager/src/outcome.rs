//! What a job comes to: its whole root, its benchmark and its proof.

use tig_events::{BenchmarkReady, ProofReady};
use tig_protocol::{MerkleHash, MerkleProof};

use crate::job::{Job, Unprovable};
use crate::record::Abandoned;

impl Job {
    pub(crate) fn num_sampled(&self) -> usize {
        self.samples.values().map(Vec::len).sum()
    }

    pub(crate) fn num_proved(&self) -> usize {
        let proved = self
            .samples
            .iter()
            .filter(|(index, _)| self.is_proved(**index));
        proved.map(|(_, nonces)| nonces.len()).sum()
    }

    /// The benchmark to submit; call when all batches have roots.
    ///
    /// # Errors
    ///
    /// There are roots missing.
    pub(crate) fn benchmark(&self) -> Result<BenchmarkReady, Unprovable> {
        let solutions = self
            .batches
            .values()
            .flat_map(|batch| &batch.solution_nonces);
        Ok(BenchmarkReady {
            benchmark_id: self.benchmark_id.clone(),
            merkle_root: self.tree.root().ok_or(Unprovable::Incomplete)?,
            solution_nonces: solutions.copied().collect(),
            rand_hash: Some(self.record().rand_hash.clone()),
        })
    }

    /// The proof to submit; call when all sampled nonces have proofs. Each whole branch is climbed to the root that the
    /// network knows first, because a wrong proof is punished as fraud.
    ///
    /// # Errors
    ///
    /// The network's root is not that of our batches.
    pub(crate) fn proof(&self) -> Result<ProofReady, Unprovable> {
        let ours = self.tree.root().ok_or(Unprovable::Incomplete)?;
        let root = self.record().committed_root.unwrap_or(ours);
        let offset = self
            .record()
            .terms
            .as_ref()
            .map_or(0, |terms| terms.batch_size.log2());
        let mut merkle_proofs = Vec::new();
        for index in self.samples.keys() {
            let top_branch = self.tree.branch(*index).ok_or(Unprovable::Incomplete)?;
            let batch = self.batches.get(index);
            for proof in batch.into_iter().flat_map(|batch| &batch.merkle_proofs) {
                let (leaf, branch) = (&proof.leaf, proof.branch.clone().join(&top_branch, offset));
                let nonce = leaf.nonce;
                if branch.root(leaf.leaf_hash(), nonce)? != root {
                    return Err(Unprovable::Useless(Abandoned::BrokenBranch { nonce }));
                }
                merkle_proofs.push(MerkleProof {
                    leaf: leaf.clone(),
                    branch,
                });
            }
        }
        Ok(ProofReady {
            benchmark_id: self.benchmark_id.clone(),
            merkle_proofs,
            rand_hash: Some(self.record().rand_hash.clone()),
        })
    }

    /// Checks that the roots, once all are there, lead to the root that the network knows.
    ///
    /// # Errors
    ///
    /// They do not.
    pub(crate) fn check_root(&self, committed: MerkleHash) -> Result<(), Unprovable> {
        match self.tree.root() {
            Some(ours) if ours != committed => Err(Unprovable::Useless(Abandoned::OtherRoot {
                ours,
                committed,
            })),
            _ => Ok(()),
        }
    }
}
