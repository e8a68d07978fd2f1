//! Laws of Merkle trees, over random trees.

use proptest::collection::vec;
use proptest::prelude::*;
use tig_protocol::{MerkleBranch, MerkleHash, MerkleTree};

fn any_hash() -> impl Strategy<Value = MerkleHash> {
    any::<[u8; 32]>().prop_map(MerkleHash)
}

fn any_leaves() -> impl Strategy<Value = Vec<MerkleHash>> {
    vec(any_hash(), 1..300)
}

fn tree(leaves: &[MerkleHash]) -> MerkleTree {
    let capacity = leaves.len().next_power_of_two() as u64;
    MerkleTree::new(leaves.to_vec(), capacity).expect("the capacity is a power of two")
}

proptest! {
    #[test]
    fn every_branch_climbs_to_the_root(leaves in any_leaves()) {
        let tree = tree(&leaves);
        for (index, &leaf) in (0..).zip(&leaves) {
            let branch = tree.branch(index).unwrap();
            prop_assert!(branch.stems().is_sorted_by(|(a, _), (b, _)| a < b));
            prop_assert_eq!(branch.root(leaf, index), Ok(tree.root()));
        }
    }

    #[test]
    fn another_leaf_climbs_elsewhere(leaves in any_leaves(), other in any_hash(), at in any::<prop::sample::Index>()) {
        let tree = tree(&leaves);
        let index = at.index(leaves.len());
        prop_assume!(other != leaves[index]);
        let branch = tree.branch(index as u64).unwrap();
        prop_assert_ne!(branch.root(other, index as u64), Ok(tree.root()));
    }

    #[test]
    fn batch_trees_join_to_the_whole_tree(leaves in any_leaves(), log2_batch_size in 0u8..10) {
        let whole = tree(&leaves);
        let batch_size = 1 << log2_batch_size;
        let batches: Vec<MerkleTree> = leaves
            .chunks(batch_size)
            .map(|batch| MerkleTree::new(batch.to_vec(), batch_size as u64).unwrap())
            .collect();
        let top = tree(&batches.iter().map(MerkleTree::root).collect::<Vec<_>>());
        prop_assert_eq!(top.root(), whole.root());
        for index in 0..leaves.len() {
            let (batch, within) = (index / batch_size, index % batch_size);
            let top_branch = top.branch(batch as u64).unwrap();
            let joined = batches[batch].branch(within as u64).unwrap().join(&top_branch, log2_batch_size);
            prop_assert_eq!(joined, whole.branch(index as u64).unwrap());
        }
    }

    #[test]
    fn the_capacity_does_not_change_the_root(leaves in any_leaves(), more in 0u32..5) {
        let capacity = (leaves.len().next_power_of_two() as u64) << more;
        let roomy = MerkleTree::new(leaves.clone(), capacity).unwrap();
        prop_assert_eq!(roomy.root(), tree(&leaves).root());
    }

    #[test]
    fn hex_round_trips(hash in any_hash(), stems in vec((any::<u8>(), any_hash()), 0..40)) {
        prop_assert_eq!(hash.to_string().parse(), Ok(hash));
        let text: String = stems.iter().map(|(depth, hash)| format!("{depth:02x}{hash}")).collect();
        let branch: MerkleBranch = text.parse().unwrap();
        prop_assert_eq!(branch.stems(), &stems);
        prop_assert_eq!(branch.to_string(), text);
    }
}
