//! A result answers its batch, or the first fault is named.

use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use tig_protocol::{
    BadBatchResult, Batch, BatchResult, BenchmarkSettings, MerkleHash, MerkleProof, MerkleTree,
    OutputData, Solution, WasmVmConfig,
};

fn batch(start_nonce: u64, num_nonces: u64, sampled_nonces: Vec<u64>) -> Batch {
    Batch {
        benchmark_id: "b".to_owned(),
        settings: BenchmarkSettings {
            player_id: "p".to_owned(),
            block_id: "b".to_owned(),
            challenge_id: "c001".to_owned(),
            algorithm_id: "c001_a001".to_owned(),
            difficulty: vec![50, 300],
        },
        num_nonces,
        start_nonce,
        batch_size: 8,
        rand_hash: "r".to_owned(),
        sampled_nonces,
        wasm_vm_config: WasmVmConfig {
            max_memory: 1,
            max_fuel: 1,
        },
        download_url: String::new(),
    }
}

fn leaf(nonce: u64) -> OutputData {
    OutputData {
        nonce,
        runtime_signature: nonce ^ 7,
        fuel_consumed: 1,
        solution: Solution::new(),
    }
}

fn honest(batch: &Batch) -> BatchResult {
    let nonces = batch.start_nonce..batch.start_nonce + batch.num_nonces;
    let leaves: Vec<MerkleHash> = nonces.map(|nonce| leaf(nonce).leaf_hash()).collect();
    let tree = MerkleTree::new(leaves, batch.batch_size).unwrap();
    let proof = |&nonce: &u64| MerkleProof {
        leaf: leaf(nonce),
        branch: tree.branch(nonce - batch.start_nonce).unwrap(),
    };
    BatchResult {
        merkle_root: tree.root(),
        solution_nonces: vec![batch.start_nonce],
        merkle_proofs: batch.sampled_nonces.iter().map(proof).collect(),
    }
}

/// A batch with at least one sampled nonce.
fn batches() -> impl Strategy<Value = Batch> {
    (0_u64..4, 1_u64..=8, any::<u8>()).prop_map(|(index, num_nonces, picked)| {
        let start_nonce = index * 8;
        let last = start_nonce + num_nonces - 1;
        let sampled = (start_nonce..last).filter(|nonce| picked >> (nonce % 8) & 1 == 1);
        batch(start_nonce, num_nonces, sampled.chain([last]).collect())
    })
}

proptest! {
    #[test]
    fn an_honest_result_passes_in_any_order(batch in batches()) {
        let mut result = honest(&batch);
        result.merkle_proofs.reverse();
        prop_assert_eq!(batch.check(&result), Ok(()));
    }

    #[test]
    fn a_changed_leaf_is_noticed(batch in batches()) {
        let mut result = honest(&batch);
        result.merkle_proofs[0].leaf.fuel_consumed += 1;
        let nonce = result.merkle_proofs[0].leaf.nonce;
        prop_assert_eq!(batch.check(&result), Err(BadBatchResult::BrokenBranch(nonce)));
    }

    #[test]
    fn a_missing_or_repeated_proof_is_noticed(batch in batches()) {
        let sampled = batch.sampled_nonces.clone();
        let mut result = honest(&batch);
        let proof = result.merkle_proofs.pop().unwrap();
        let missing = BadBatchResult::OtherProofs {
            proved: sampled[..sampled.len() - 1].to_vec(),
            sampled: sampled.clone(),
        };
        prop_assert_eq!(batch.check(&result), Err(missing));
        result.merkle_proofs.extend([proof.clone(), proof]);
        let repeated = matches!(batch.check(&result), Err(BadBatchResult::OtherProofs { .. }));
        prop_assert_eq!(repeated, true);
    }
}

#[test]
fn solutions_outside_or_twice_are_noticed() {
    let batch = batch(8, 4, Vec::new());
    let with = |solution_nonces| BatchResult {
        solution_nonces,
        ..honest(&batch)
    };
    assert_eq!(batch.check(&with(vec![8, 11])), Ok(()));
    for outside in [7, 12, u64::MAX] {
        let fault = Err(BadBatchResult::SolutionOutside(outside));
        assert_eq!(batch.check(&with(vec![8, outside])), fault);
    }
    let fault = Err(BadBatchResult::SolutionTwice(9));
    assert_eq!(batch.check(&with(vec![9, 9])), fault);
}

#[test]
fn a_stem_above_the_batch_tree_is_noticed() {
    // A batch of one leaf at an even index: a stem at depth 3 would climb, but belongs to the top tree.
    let batch = batch(8, 2, vec![8]);
    let mut result = honest(&batch);
    let deep = format!("{}03{}", result.merkle_proofs[0].branch, "00".repeat(32));
    result.merkle_proofs[0].branch = deep.parse().unwrap();
    let climbed = result.merkle_proofs[0].branch.root(leaf(8).leaf_hash(), 0);
    result.merkle_root = climbed.unwrap();
    assert_eq!(batch.check(&result), Err(BadBatchResult::BrokenBranch(8)));
}

#[test]
fn a_nonce_sampled_twice_is_proved_once() {
    let twice = batch(0, 4, vec![2, 2]);
    let once = batch(0, 4, vec![2]);
    assert_eq!(twice.check(&honest(&once)), Ok(()));
}
