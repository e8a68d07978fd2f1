//! A tree whose leaves come one by one, in any order.
//!
//! Invariant: a node is known exactly if all leaves below it are; each leaf costs as many hashes as it completes nodes.

use super::{MerkleBranch, MerkleHash};

/// A Merkle tree of a known number of leaves, some of which may be missing. Once it is whole it has the root and the
/// branches of a [`super::MerkleTree`] of the same leaves.
#[derive(Debug, Clone, Default)]
pub struct GrowingTree {
    num_leaves: u64,
    /// Level 0 holds the leaves; levels are as long as their last known node demands.
    levels: Vec<Vec<Option<MerkleHash>>>,
}

impl GrowingTree {
    /// A tree of which no leaf is known.
    pub fn new(num_leaves: u64) -> Self {
        Self {
            num_leaves,
            levels: Vec::new(),
        }
    }

    /// Sets leaf `index`, or takes it out with `None`. An index beyond the number of leaves changes nothing.
    pub fn set(&mut self, index: u64, leaf: Option<MerkleHash>) {
        let (mut count, mut index, mut node, mut level) = (self.num_leaves, index, leaf, 0);
        while index < count {
            self.put(level, index, node);
            if count == 1 {
                return;
            }
            let pair = [index & !1, index | 1].map(|at| self.node(level, at));
            node = match pair {
                [Some(left), Some(right)] => Some(MerkleHash::parent(left, right)),
                [Some(left), None] if index | 1 == count => Some(left),
                _ => None,
            };
            (count, index, level) = (count.div_ceil(2), index / 2, level + 1);
            if node.is_none() && self.node(level, index).is_none() {
                return;
            }
        }
    }

    /// The root, once all leaves are known.
    pub fn root(&self) -> Option<MerkleHash> {
        self.node(self.height(), 0)
    }

    /// The siblings on the way from leaf `index` to the root; `None` as long as leaves are missing, and for an index beyond
    /// their number.
    pub fn branch(&self, index: u64) -> Option<MerkleBranch> {
        self.root()?;
        if index >= self.num_leaves {
            return None;
        }
        let stems = (0..self.height()).filter_map(|level| {
            // A last node without a sibling moves up unchanged.
            let sibling = self.node(level, (index >> level) ^ 1)?;
            Some((level as u8, sibling))
        });
        Some(MerkleBranch::new(stems.collect()))
    }

    /// Levels above the leaves, at most 64.
    fn height(&self) -> usize {
        self.num_leaves.next_power_of_two().trailing_zeros() as usize
    }

    fn node(&self, level: usize, index: u64) -> Option<MerkleHash> {
        let index = usize::try_from(index).ok()?;
        self.levels.get(level)?.get(index).copied().flatten()
    }

    fn put(&mut self, level: usize, index: u64, node: Option<MerkleHash>) {
        let Ok(index) = usize::try_from(index) else {
            return;
        };
        if self.levels.len() <= level {
            self.levels.resize(level + 1, Vec::new());
        }
        let nodes = &mut self.levels[level];
        if nodes.len() <= index {
            nodes.resize(index + 1, None);
        }
        nodes[index] = node;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MerkleTree;

    fn leaf(index: u64, version: u8) -> MerkleHash {
        let mut bytes = [version; 32];
        bytes[..8].copy_from_slice(&index.to_le_bytes());
        MerkleHash(bytes)
    }

    proptest! {
        /// In whatever order leaves come, change and go: with all of them it is the tree, without one it has no root.
        #[test]
        fn it_is_the_tree_of_its_leaves(
            num_leaves in 1_u64..70,
            steps in prop::collection::vec((0_u64..80, prop::option::of(0_u8..3)), 0..150),
        ) {
            let mut tree = GrowingTree::new(num_leaves);
            let mut leaves = vec![None; num_leaves as usize];
            let fill = (0..num_leaves).rev().map(|index| (index, Some(9)));
            for (index, version) in steps.into_iter().chain(fill) {
                let hash = version.map(|version| leaf(index, version));
                tree.set(index, hash);
                if let Some(slot) = leaves.get_mut(index as usize) {
                    *slot = hash;
                }
                let whole: Option<Vec<MerkleHash>> = leaves.iter().copied().collect();
                let expected = whole
                    .map(|leaves| MerkleTree::new(leaves, num_leaves.next_power_of_two()).unwrap());
                prop_assert_eq!(tree.root(), expected.as_ref().map(MerkleTree::root));
                if let Some(expected) = expected {
                    for index in 0..num_leaves {
                        prop_assert_eq!(tree.branch(index), expected.branch(index).ok());
                    }
                }
                prop_assert_eq!(tree.branch(num_leaves), None);
            }
        }
    }

    #[test]
    fn without_leaves_there_is_no_root() {
        let mut tree = GrowingTree::new(0);
        tree.set(0, Some(leaf(0, 0)));
        assert_eq!((tree.root(), tree.branch(0)), (None, None));
    }
}
