//! The tree: all levels, so that roots and branches are lookups.
//!
//! Invariant: there is at least one leaf, and the last level has exactly one node.

#[cfg(not(target_family = "wasm"))]
use rayon::prelude::*;

use super::{MerkleBranch, MerkleError, MerkleHash};

/// Nodes that one thread hashes at least: below some tens of microseconds, handing work over costs more than it saves.
#[cfg(not(target_family = "wasm"))]
const NODES_PER_THREAD_MIN: usize = 512;

/// A Merkle tree with its levels cached. Missing leaves are not padded: a last node without a sibling moves up
/// unchanged, so the capacity bounds the indexes but does not change the root.
#[derive(Debug, Clone)]
pub struct MerkleTree {
    /// Level 0 holds the leaves.
    levels: Vec<Vec<MerkleHash>>,
    capacity: u64,
}

impl MerkleTree {
    /// Hashes the levels above `leaves`.
    ///
    /// # Errors
    /// `capacity` must be a power of two and at least the number of leaves, of which there must be one or more.
    pub fn new(leaves: Vec<MerkleHash>, capacity: u64) -> Result<Self, MerkleError> {
        let num_leaves = leaves.len();
        if !capacity.is_power_of_two() || capacity < num_leaves as u64 {
            return Err(MerkleError::BadCapacity {
                capacity,
                num_leaves,
            });
        }
        if leaves.is_empty() {
            return Err(MerkleError::NoLeaves);
        }
        let mut levels = Vec::new();
        let mut level = leaves;
        while level.len() > 1 {
            let above = level_above(&level);
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Ok(Self { levels, capacity })
    }

    /// The only node of the top level.
    pub fn root(&self) -> MerkleHash {
        self.levels[self.levels.len() - 1][0]
    }

    /// The siblings on the way from leaf `index` to the root.
    ///
    /// An index between the number of leaves and the capacity has a branch too, as in the original, but no leaf
    /// climbs it to the root.
    ///
    /// # Errors
    /// The index must be below the capacity.
    pub fn branch(&self, index: u64) -> Result<MerkleBranch, MerkleError> {
        if index >= self.capacity {
            return Err(MerkleError::IndexOutOfRange {
                index,
                capacity: self.capacity,
            });
        }
        let stems = self.levels.iter().zip(0..).filter_map(|(level, depth)| {
            let node = usize::try_from(index >> depth).ok()?;
            // Only where both nodes of the pair exist is there something to hash.
            level.get(node | 1)?;
            Some((depth, level[node ^ 1]))
        });
        Ok(MerkleBranch::new(stems.collect()))
    }
}

/// Large levels are hashed by all threads of the current pool; a guest has only one.
#[cfg(not(target_family = "wasm"))]
fn level_above(level: &[MerkleHash]) -> Vec<MerkleHash> {
    if level.len() < 4 * NODES_PER_THREAD_MIN {
        return level.chunks(2).map(node_above).collect();
    }
    let pairs = level.par_chunks(2).with_min_len(NODES_PER_THREAD_MIN);
    pairs.map(node_above).collect()
}

#[cfg(target_family = "wasm")]
fn level_above(level: &[MerkleHash]) -> Vec<MerkleHash> {
    level.chunks(2).map(node_above).collect()
}

fn node_above(pair: &[MerkleHash]) -> MerkleHash {
    match *pair {
        [left, right] => MerkleHash::parent(left, right),
        // `chunks(2)` leaves one node over when the level is odd.
        _ => pair[0],
    }
}
