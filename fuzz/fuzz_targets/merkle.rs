//! Texts of Merkle hashes, branches and trees: what is read is written the same, and climbing never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tig_protocol::{MerkleBranch, MerkleHash, MerkleTree, StoredTree};

fuzz_target!(|input: (u64, &str)| {
    let (index, text) = input;
    if let Ok(hash) = text.parse::<MerkleHash>() {
        assert_eq!(hash.to_string(), text.to_ascii_lowercase());
    }
    if let Ok(branch) = text.parse::<MerkleBranch>() {
        assert_eq!(branch.to_string().parse(), Ok(branch.clone()));
        let _ = branch.root(MerkleHash([7; 32]), index);
        let _ = branch.clone().join(&branch, index as u8);
    }
    let Ok(stored) = text.parse::<StoredTree>() else {
        return;
    };
    assert_eq!(stored.to_string().parse(), Ok(stored.clone()));
    let leaves = stored.leaves.clone();
    let Ok(tree) = MerkleTree::try_from(stored) else {
        return;
    };
    for (index, leaf) in (0..).zip(leaves) {
        let branch = tree.branch(index).expect("a leaf has a branch");
        assert_eq!(branch.root(leaf, index), Ok(tree.root()));
    }
    let _ = tree.branch(index);
});
