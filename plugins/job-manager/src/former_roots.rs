//! Roots of benchmarks whose jobs have ended or were restarted.
//!
//! After a rollback the network may confirm such a benchmark once more. A job that is rebuilt from its precommit then knows it
//! again, whatever it has handed on meanwhile, and one with another random hash knows that none of its results can lead there.
//! Until a block confirms it, the former root decides nothing: it may hold a lie, and results are compared as in any job.

use serde::{Deserialize, Serialize};
use tig_protocol::MerkleHash;

use crate::job::Job;

/// Roots remembered of one benchmark, the newest.
const ROOTS_COUNT_MAX: usize = 8;

/// The roots of one benchmark.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct FormerRoots {
    /// Height from which the lifespan of its precommit counts.
    pub(crate) block_started: u32,
    /// Each with its random hash, the newest last.
    roots: Vec<(String, MerkleHash)>,
}

impl FormerRoots {
    /// Adds the root of a job, if it is known to be one for the job's random hash: its batches lead to the listed one, or the job has
    /// handed it on and none is known. A listing alone does not show that, since it can name a benchmark of before a rollback beside
    /// the new hash.
    pub(crate) fn add(&mut self, job: &Job) {
        let record = job.record();
        self.block_started = record.block_started;
        let committed = record.committed_root;
        let reached = committed.filter(|root| job.tree.root() == Some(*root));
        let is_known = self.root_for(&record.rand_hash).is_some();
        let root = reached.or(record.announced_root.filter(|_| !is_known));
        let Some(root) = root.filter(|root| !self.is_stale(*root, &record.rand_hash)) else {
            return;
        };
        self.roots.retain(|(hash, _)| *hash != record.rand_hash);
        self.roots.push((record.rand_hash.clone(), root));
        if self.roots.len() > ROOTS_COUNT_MAX {
            self.roots.remove(0);
        }
    }

    /// The root for this random hash.
    pub(crate) fn root_for(&self, rand_hash: &str) -> Option<MerkleHash> {
        let mut roots = self.roots.iter();
        let known = roots.find(|(hash, _)| hash == rand_hash);
        known.map(|(_, root)| *root)
    }

    /// The newest root.
    pub(crate) fn newest(&self) -> Option<MerkleHash> {
        self.roots.last().map(|(_, root)| *root)
    }

    /// Whether this is the root for another random hash than `rand_hash`.
    pub(crate) fn is_stale(&self, root: MerkleHash, rand_hash: &str) -> bool {
        let is_known = self.roots.iter().any(|(_, known)| *known == root);
        is_known && self.root_for(rand_hash) != Some(root)
    }
}
