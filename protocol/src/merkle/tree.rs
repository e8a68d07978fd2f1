//! The tree: all levels, so that roots and branches are lookups.
//!
//! Invariant: there is at least one leaf, and the last level has exactly one node.

use super::{MerkleBranch, MerkleError, MerkleHash};

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
            let above = level.chunks(2).map(node_above).collect();
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

fn node_above(pair: &[MerkleHash]) -> MerkleHash {
    match *pair {
        [left, right] => MerkleHash::parent(left, right),
        // `chunks(2)` leaves one node over when the level is odd.
        _ => pair[0],
    }
}
