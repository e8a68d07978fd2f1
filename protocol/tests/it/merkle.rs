//! What no tree, branch or text is made of, and large trees.

use tig_protocol::{
    MerkleBranch, MerkleError, MerkleHash, MerkleTree, ParseMerkleError, StoredTree,
};

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

#[test]
fn a_capacity_must_be_a_power_of_two_with_room() {
    for (num_leaves, capacity) in [(1, 0), (2, 3), (3, 2)] {
        let bad = MerkleError::BadCapacity {
            capacity,
            num_leaves,
        };
        let leaves = counted_leaves(num_leaves as u32);
        assert_eq!(MerkleTree::new(leaves, capacity).err(), Some(bad));
    }
}

#[test]
fn a_branch_needs_an_index_and_rising_depths() {
    let tree = MerkleTree::new(counted_leaves(4), 4).unwrap();
    let (index, capacity) = (4, 4);
    let outside = MerkleError::IndexOutOfRange { index, capacity };
    assert_eq!(tree.branch(4).err(), Some(outside));
    let leaf = counted_leaves(1)[0];
    let branch: MerkleBranch = format!("01{leaf}01{leaf}").parse().unwrap();
    let (depth, reached) = (1, 2);
    let unordered = MerkleError::UnorderedBranch { depth, reached };
    assert_eq!(branch.root(leaf, 0), Err(unordered));
}

#[test]
fn texts_of_hashes_branches_and_trees_are_exact() {
    let hash = "05900c6367240ea0a6af36774059ace2358d7fa86317eed953c2d72fb2a33cb1";
    let no_hash = hash.replace('0', "g");
    let of_length = |error| matches!(error, Some(ParseMerkleError::Length { .. }));
    assert!(of_length(hash[1..].parse::<MerkleHash>().err()));
    assert!(of_length(hash.parse::<MerkleBranch>().err()));
    assert!(of_length("00".parse::<StoredTree>().err()));
    let of_digits = |error| matches!(error, Some(ParseMerkleError::Hex { .. }));
    assert!(of_digits(no_hash.parse::<MerkleHash>().err()));
    assert!(of_digits(
        format!("00{no_hash}").parse::<MerkleBranch>().err()
    ));
    let depth = format!("xy{hash}").parse::<MerkleBranch>();
    assert_eq!(depth.err(), Some(ParseMerkleError::Depth));
    let capacity = format!("{:x>16}{hash}", "").parse::<StoredTree>();
    assert!(matches!(capacity, Err(ParseMerkleError::Capacity(_))));
    let whole = format!("{:016x}{hash}", 1).parse::<StoredTree>();
    assert!(whole.is_ok());
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
