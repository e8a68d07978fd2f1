//! The golden hashes of tig-protocol.md section 24.

use serde_json::json;
use tig_protocol::{
    BenchmarkSettings, MerkleHash, MerkleTree, OutputData, Solution, solution_signature,
};

use crate::merkle::counted_leaves;

fn settings() -> BenchmarkSettings {
    BenchmarkSettings {
        player_id: "0x1111111111111111111111111111111111111111".to_owned(),
        block_id: "0123456789abcdef0123456789abcdef".to_owned(),
        challenge_id: "c001".to_owned(),
        algorithm_id: "c001_a001".to_owned(),
        difficulty: vec![50, 300],
    }
}

fn solution(value: serde_json::Value) -> Solution {
    value.as_object().expect("an object").clone()
}

#[test]
fn seeds() {
    let seed = |nonce| hex::encode(settings().seed("fedcba9876543210fedcba9876543210", nonce));
    assert_eq!(
        seed(0),
        "26c4f18790ef461f3442f0e3bd3cdf8cedaca1d28b3cca0b998e8264df8a47ea"
    );
    assert_eq!(
        seed(u64::MAX),
        "0f8472d9f4d1e8ceca89d6c3ea3309c243bbf01e98e5f9c1d42b320a42928593"
    );
}

#[test]
fn signatures_and_leaves() {
    let leaf_hash = |nonce, runtime_signature, fuel_consumed, solution| {
        OutputData {
            nonce,
            runtime_signature,
            fuel_consumed,
            solution,
        }
        .leaf_hash()
        .to_string()
    };
    let upstream = solution(json!({"data_x": 42, "data_y": "test"}));
    assert_eq!(solution_signature(&upstream), 11_549_591_319_018_095_145);
    assert_eq!(
        leaf_hash(123, 456, 789, upstream),
        "cf1db8a39e168949483a18f643092c14201656cebf0534f12971c6550b35be39"
    );
    let assignment = solution(json!({"variables": [1, 0, 1]}));
    assert_eq!(solution_signature(&assignment), 13_153_932_666_082_598_962);
    assert_eq!(
        leaf_hash(7, u64::MAX, 123_456, assignment),
        "dc4affb5e6c0684a248500832e6375673f690dc59aadbaa8e0cbabfc877dd848"
    );
    assert_eq!(
        solution_signature(&Solution::new()),
        6_240_859_739_347_830_382
    );
    assert_eq!(
        leaf_hash(8, 1, 2, Solution::new()),
        "6122f18cd45f29fbd6e35835315fd9838f639373d2915be40d1ce0a4df5448aa"
    );
}

#[test]
fn merkle_tree() {
    let leaves = counted_leaves(9);
    let tree = MerkleTree::new(leaves.clone(), 16).unwrap();
    let text = |hash: MerkleHash| hash.to_string();
    assert_eq!(
        text(tree.root()),
        "fa6d5e8cb2667f5e340b8d1a145891859ad34391cd232f4fbc8d28d8d6284e15"
    );
    assert_eq!(
        text(leaves[7]),
        "b9d8db6bb71b4287b682b768b62a83a92da369d8d66a10980e5e32e4e429aea5"
    );
    assert_eq!(
        text(leaves[8]),
        "0cfe342e104404324f40468de99d6f9ad7b8ae4ab228cf1ccd84b4963b12aea5"
    );
    assert_eq!(
        tree.branch(7).unwrap().to_string(),
        "00b8c9e67f5bdeaf090a49c34b6fb567d1fa6ffaee939a2c875c510a1d1e6d4a6c\
         01897c33b84ad3657652be252aae642f7c5e1bdf4e22231d013907254e817753d6\
         02f94c4d317f59fd4df80655d879260ce43279ae1962953d79c90d6fb26970b27a\
         030cfe342e104404324f40468de99d6f9ad7b8ae4ab228cf1ccd84b4963b12aea5"
    );
    assert_eq!(
        tree.branch(8).unwrap().to_string(),
        "03ffadf976697940a08d310260510fd49efaf94389483fb9ee1364d1d1e81f4720"
    );
}
