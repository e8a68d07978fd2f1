//! A batch: all its nonces, the Merkle tree over their leaves, proofs for the sampled ones.
//!
//! Invariant: leaf index = nonce - start nonce, whatever order the workers finish in.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use tig_protocol::{
    Batch, BatchResult, BenchmarkSettings, MerkleHash, MerkleProof, MerkleTree, OutputData,
};

use super::nonce::{Outcome, compute_unchecked};
use crate::error::{HostFailure, JobError};
use crate::limits::Limits;
use crate::module::{Algorithm, swap_watch};

/// The nonces `start_nonce .. start_nonce + num_nonces` of a benchmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchJob {
    /// The settings of the precommit.
    pub settings: BenchmarkSettings,
    /// Id of the block that confirmed the precommit.
    pub rand_hash: String,
    /// First nonce, leaf 0 of the batch's tree.
    pub start_nonce: u64,
    /// Nonces to compute, 1 to `batch_size`.
    pub num_nonces: u64,
    /// Capacity of the batch's tree, a power of two.
    pub batch_size: u64,
    /// Nonces to prove, in any order; a repeated one is proved once.
    pub sampled_nonces: Vec<u64>,
}

impl BatchJob {
    /// [`check_nonces`] of this batch.
    pub(crate) fn check(&self) -> Result<(), JobError> {
        check_nonces(
            self.start_nonce,
            self.num_nonces,
            self.batch_size,
            &self.sampled_nonces,
        )
    }
}

impl From<&Batch> for BatchJob {
    fn from(batch: &Batch) -> Self {
        Self {
            settings: batch.settings.clone(),
            rand_hash: batch.rand_hash.clone(),
            start_nonce: batch.start_nonce,
            num_nonces: batch.num_nonces,
            batch_size: batch.batch_size,
            sampled_nonces: batch.sampled_nonces.clone(),
        }
    }
}

/// A nonce without what the batch result does not need.
struct Leaf {
    hash: MerkleHash,
    solved_nonce: Option<u64>,
    sampled: Option<OutputData>,
}

/// Checks the numbers of a batch in the order of the original worker, before any file or setting is looked at.
///
/// # Errors
/// The first number that does not fit the others.
pub fn check_nonces(
    start_nonce: u64,
    num_nonces: u64,
    batch_size: u64,
    sampled_nonces: &[u64],
) -> Result<(), JobError> {
    if num_nonces == 0 || num_nonces > batch_size {
        return Err(JobError::NumNonces);
    }
    let Some(end_nonce) = start_nonce.checked_add(num_nonces) else {
        return Err(JobError::NonceOverflow {
            start_nonce,
            num_nonces,
        });
    };
    match sampled_nonces
        .iter()
        .find(|nonce| !(start_nonce..end_nonce).contains(nonce))
    {
        Some(&nonce) => Err(JobError::SampledOutOfRange {
            nonce,
            start_nonce,
            end_nonce,
        }),
        None if !batch_size.is_power_of_two() => Err(JobError::BatchSize),
        None => Ok(()),
    }
}

/// Computes all nonces of a batch on the threads of the current pool; `done` goes up by one for each of them.
pub(crate) fn compute(
    algorithm: &Algorithm,
    job: &BatchJob,
    limits: &Limits,
    done: &AtomicU64,
) -> Result<BatchResult, JobError> {
    job.check()?;
    let leaves = compute_between_checks(
        || swap_watch().check(),
        || compute_leaves(algorithm, job, limits, done),
    )?;
    prove(leaves, job)
}

/// Checks the machine before, so that work that cannot count is not begun, and after: what has changed meanwhile may have changed
/// the leaves.
fn compute_between_checks<T>(
    check: impl Fn() -> Result<(), HostFailure>,
    compute: impl FnOnce() -> Result<T, JobError>,
) -> Result<T, JobError> {
    check()?;
    let computed = compute()?;
    check()?;
    Ok(computed)
}

fn compute_leaves(
    algorithm: &Algorithm,
    job: &BatchJob,
    limits: &Limits,
    done: &AtomicU64,
) -> Result<Vec<Leaf>, JobError> {
    let sampled: BTreeSet<u64> = job.sampled_nonces.iter().copied().collect();
    let compute = |nonce: u64| -> Result<Leaf, JobError> {
        let (settings, rand_hash) = (&job.settings, &job.rand_hash);
        let computed = compute_unchecked(algorithm, settings, rand_hash, nonce, limits)?;
        // For people to read; nothing is ordered by it.
        done.fetch_add(1, Ordering::Relaxed);
        Ok(Leaf {
            hash: computed.output.leaf_hash(),
            solved_nonce: (computed.outcome == Outcome::Solved).then_some(nonce),
            sampled: sampled.contains(&nonce).then_some(computed.output),
        })
    };
    // The range ends below 2^64 (checked) and `collect` keeps its order.
    let nonces = job.start_nonce..job.start_nonce + job.num_nonces;
    nonces.into_par_iter().map(compute).collect()
}

fn prove(leaves: Vec<Leaf>, job: &BatchJob) -> Result<BatchResult, JobError> {
    let solution_nonces = leaves.iter().filter_map(|leaf| leaf.solved_nonce).collect();
    let tree = MerkleTree::new(
        leaves.iter().map(|leaf| leaf.hash).collect(),
        job.batch_size,
    )?;
    let merkle_proofs = leaves
        .into_iter()
        .filter_map(|leaf| leaf.sampled)
        .map(|leaf| {
            Ok(MerkleProof {
                branch: tree.branch(leaf.nonce - job.start_nonce)?,
                leaf,
            })
        })
        .collect::<Result<_, JobError>>()?;
    Ok(BatchResult {
        merkle_root: tree.root(),
        solution_nonces,
        merkle_proofs,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tig_protocol::MerkleError;

    use super::*;

    #[test]
    fn leaves_of_an_unfit_machine_are_dropped() {
        let (checks, computed) = (Cell::new(0), Cell::new(0));
        let compute = |fit_checks: i32| {
            checks.set(0);
            computed.set(0);
            let check = || {
                checks.set(checks.get() + 1);
                let is_fit = checks.get() <= fit_checks;
                is_fit.then_some(()).ok_or(HostFailure("swap".to_owned()))
            };
            let leaves = compute_between_checks(check, || {
                computed.set(computed.get() + 1);
                Ok(())
            });
            (leaves.is_ok(), computed.get())
        };
        assert_eq!(compute(0), (false, 0));
        assert_eq!(compute(1), (false, 1));
        assert_eq!(compute(2), (true, 1));
    }

    #[test]
    fn batch_without_leaves_has_no_tree() {
        let settings = BenchmarkSettings {
            player_id: String::new(),
            block_id: String::new(),
            challenge_id: "c001".to_owned(),
            algorithm_id: String::new(),
            difficulty: vec![50, 300],
        };
        let job = BatchJob {
            settings,
            rand_hash: String::new(),
            start_nonce: 0,
            num_nonces: 1,
            batch_size: 1,
            sampled_nonces: Vec::new(),
        };
        let Err(error) = prove(Vec::new(), &job) else {
            panic!("a proof of nothing");
        };
        let has_no_leaves = matches!(error, JobError::Merkle(MerkleError::NoLeaves));
        assert!(has_no_leaves, "{error:?}");
        assert_eq!(error.to_string(), "merkle tree without leaves");
    }
}
