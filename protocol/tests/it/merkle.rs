//! What no tree is made of, and large trees.

use tig_protocol::{MerkleError, MerkleHash, MerkleTree};

pub(crate) fn counted_leaves(num_leaves: u32) -> Vec<MerkleHash> {
    (0..num_leaves)
        .map(|i| MerkleHash(*blake3::hash(&i.to_be_bytes()).as_bytes()))
        .collect()
}

#[test]
fn a_tree_needs_leaves() {
    assert_eq!(
        MerkleTree::new(Vec::new(), 8).err(),
        Some(MerkleError::NoLeaves)
    );
}

/// Large levels are hashed in parallel, small ones are not: a tree of trees crosses that border.
#[test]
fn a_large_tree_is_the_tree_of_its_parts() {
    let leaves = counted_leaves(100_003);
    let whole = MerkleTree::new(leaves.clone(), 1 << 17).unwrap();
    let parts = leaves
        .chunks(1 << 10)
        .map(|part| MerkleTree::new(part.to_vec(), 1 << 10).unwrap().root());
    let top = MerkleTree::new(parts.collect(), 1 << 7).unwrap();
    assert_eq!(whole.root(), top.root());
    for index in [0, 65_535, 65_536, 99_999, 100_002] {
        let branch = whole.branch(index).unwrap();
        let leaf = leaves[index as usize];
        assert_eq!(branch.root(leaf, index), Ok(whole.root()));
    }
}
