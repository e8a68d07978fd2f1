//! The check of a result against its batch: no numbers make it panic, an honest result passes, a changed one does not.
#![no_main]

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use tig_protocol::{
    Batch, BatchResult, BenchmarkSettings, MerkleHash, MerkleProof, MerkleTree, OutputData,
    Solution, WasmVmConfig,
};

/// Leaves of an honest batch at most; more would only slow the fuzzer down.
const LEAVES_MAX: u64 = 64;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let num_nonces = input.int_in_range(1..=LEAVES_MAX)?;
    let batch_size = num_nonces.next_power_of_two() << input.int_in_range(0..=3)?;
    let start_nonce = u64::from(u32::arbitrary(input)?) * batch_size;
    let sampled =
        (start_nonce..start_nonce + num_nonces).filter(|_| bool::arbitrary(input).unwrap_or(false));
    let batch = batch(start_nonce, num_nonces, batch_size, sampled.collect());
    let honest = honest(&batch);
    assert_eq!(batch.check(&honest), Ok(()));

    let mut changed = honest.clone();
    let proof_index = usize::arbitrary(input)? % honest.merkle_proofs.len().max(1);
    match (
        u8::arbitrary(input)? % 3,
        changed.merkle_proofs.get_mut(proof_index),
    ) {
        (0, Some(proof)) => proof.leaf.fuel_consumed ^= u64::arbitrary(input)?,
        (1, Some(proof)) => proof.leaf.nonce ^= u64::arbitrary(input)?,
        _ => changed.solution_nonces.push(u64::arbitrary(input)?),
    }
    let honest_solutions = changed
        .solution_nonces
        .iter()
        .all(|nonce| nonce.wrapping_sub(start_nonce) < num_nonces);
    let same_proofs = changed.merkle_proofs == honest.merkle_proofs;
    let twice = changed.solution_nonces.len() == 2
        && changed.solution_nonces[0] == changed.solution_nonces[1];
    assert_eq!(
        batch.check(&changed).is_ok(),
        honest_solutions && same_proofs && !twice
    );

    // Numbers that no batch has must be survived.
    let absurd = Batch {
        start_nonce: u64::arbitrary(input)?,
        num_nonces: u64::arbitrary(input)?,
        batch_size: u64::arbitrary(input)?,
        ..batch
    };
    let _ = absurd.check(&changed);
    Ok(())
}

fn leaf(nonce: u64) -> OutputData {
    OutputData {
        nonce,
        runtime_signature: !nonce,
        fuel_consumed: 1,
        solution: Solution::new(),
    }
}

fn honest(batch: &Batch) -> BatchResult {
    let nonces = batch.start_nonce..batch.start_nonce + batch.num_nonces;
    let leaves: Vec<MerkleHash> = nonces.map(|nonce| leaf(nonce).leaf_hash()).collect();
    let tree = MerkleTree::new(leaves, batch.batch_size).expect("the batch size is a power of two");
    let prove = |&nonce: &u64| MerkleProof {
        leaf: leaf(nonce),
        branch: tree
            .branch(nonce - batch.start_nonce)
            .expect("the nonce is in the batch"),
    };
    BatchResult {
        merkle_root: tree.root(),
        solution_nonces: vec![batch.start_nonce],
        merkle_proofs: batch.sampled_nonces.iter().map(prove).collect(),
    }
}

fn batch(start_nonce: u64, num_nonces: u64, batch_size: u64, sampled_nonces: Vec<u64>) -> Batch {
    let text = String::new;
    Batch {
        benchmark_id: text(),
        settings: BenchmarkSettings {
            player_id: text(),
            block_id: text(),
            challenge_id: text(),
            algorithm_id: text(),
            difficulty: Vec::new(),
        },
        num_nonces,
        start_nonce,
        batch_size,
        rand_hash: text(),
        sampled_nonces,
        wasm_vm_config: WasmVmConfig {
            max_memory: 1,
            max_fuel: 1,
        },
        download_url: text(),
    }
}
