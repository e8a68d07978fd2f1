//! An algorithm in name only: the outcome of a nonce is a hash. It takes the place of WASM and of the challenges, whose speed
//! and results nothing here depends on. Its ids and names begin like real ones and end in `_stub`.

use serde_json::json;
use tig_protocol::{
    Batch, BatchResult, BenchmarkSettings, MerkleProof, MerkleTree, OutputData, Solution,
};

/// Names of the stub algorithms; the simulator's network has one for each challenge.
pub const NAME: &str = "hash_stub";

/// Nonces of 1000 that have a solution at the easiest difficulty.
const SOLVED_PER_MILLE: u64 = 400;

/// Each further step of difficulty leaves this many of 1000 of the solutions.
const LEFT_PER_MILLE: u64 = 940;

/// Sum of the difficulty's parameters that is one step.
const STEP: u64 = 10;

/// Nonces of 1000 that have a solution at any difficulty.
const SOLVED_PER_MILLE_MIN: u64 = 5;

/// What a nonce comes to, for everybody who computes it.
#[must_use]
pub fn output(settings: &BenchmarkSettings, rand_hash: &str, nonce: u64) -> OutputData {
    let seed = settings.seed(rand_hash, nonce);
    let word = |index: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&seed[index * 8..index * 8 + 8]);
        u64::from_le_bytes(bytes)
    };
    let mut solution = Solution::new();
    if word(0) % 1000 < solved_per_mille(&settings.difficulty) {
        solution.insert("stub".to_owned(), json!(word(1)));
    }
    OutputData {
        nonce,
        runtime_signature: word(2),
        fuel_consumed: word(3) % 1_000_000,
        solution,
    }
}

/// Falls with the sum of the difficulty's parameters.
fn solved_per_mille(difficulty: &[i32]) -> u64 {
    let values = difficulty
        .iter()
        .map(|&value| u64::from(value.unsigned_abs()));
    let steps = (values.sum::<u64>() / STEP).min(1_000);
    let left = (0..steps).fold(SOLVED_PER_MILLE, |left, _| left * LEFT_PER_MILLE / 1000);
    left.max(SOLVED_PER_MILLE_MIN)
}

/// The output of a slave that has not computed it. No two slaves tell the same lie: those who agree on one are believed.
#[must_use]
pub fn lie(honest: OutputData, slave: usize) -> OutputData {
    OutputData {
        fuel_consumed: honest.fuel_consumed + 1 + slave as u64,
        ..honest
    }
}

/// The result of a batch, whose outputs are what `output` says of each nonce; `None` if the batch has no tree.
#[must_use]
pub fn result(batch: &Batch, output: impl Fn(u64) -> OutputData) -> Option<BatchResult> {
    let nonces = batch.start_nonce..batch.start_nonce + batch.num_nonces;
    let outputs: Vec<OutputData> = nonces.map(output).collect();
    let leaves = outputs.iter().map(OutputData::leaf_hash).collect();
    let tree = MerkleTree::new(leaves, batch.batch_size).ok()?;
    let prove = |nonce: &u64| {
        let index = nonce.checked_sub(batch.start_nonce)?;
        Some(MerkleProof {
            leaf: outputs.get(usize::try_from(index).ok()?)?.clone(),
            branch: tree.branch(index).ok()?,
        })
    };
    let solved = outputs.iter().filter(|output| !output.solution.is_empty());
    Some(BatchResult {
        merkle_root: tree.root(),
        solution_nonces: solved.map(|output| output.nonce).collect(),
        merkle_proofs: batch
            .sampled_nonces
            .iter()
            .map(prove)
            .collect::<Option<_>>()?,
    })
}
