//! What a slave would compute, without computing: every nonce has the same output but for its number.

use tig_bench_report::Result;
use tig_protocol::{BatchResult, MerkleHash, MerkleProof, MerkleTree, OutputData, Solution};

use super::client::Work;

/// A whole result of a batch, with the proofs that it asks for.
pub(crate) fn result(work: &Work) -> Result<BatchResult> {
    let nonces = work.start_nonce..work.start_nonce + work.num_nonces;
    let leaves: Vec<MerkleHash> = nonces.map(|nonce| output(nonce).leaf_hash()).collect();
    let tree = MerkleTree::new(leaves, work.batch_size)?;
    let proof = |&nonce: &u64| -> Result<MerkleProof> {
        let branch = tree.branch(nonce - work.start_nonce)?;
        let leaf = output(nonce);
        Ok(MerkleProof { leaf, branch })
    };
    Ok(BatchResult {
        merkle_root: tree.root(),
        solution_nonces: vec![work.start_nonce],
        merkle_proofs: work
            .sampled_nonces
            .iter()
            .map(proof)
            .collect::<Result<_>>()?,
    })
}

fn output(nonce: u64) -> OutputData {
    OutputData {
        nonce,
        runtime_signature: nonce,
        fuel_consumed: 1_000,
        solution: Solution::new(),
    }
}
