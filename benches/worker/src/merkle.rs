//! The root of a large Merkle tree against nothing but its hashes.

use std::time::Duration;

use rayon::prelude::*;
use tig_bench_report::{Line, Report, Result, Target, median};
use tig_protocol::{MerkleHash, MerkleTree};

const LEAVES: usize = 1_000_000;
const BUDGET: Duration = Duration::from_secs(5);

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let leaf = |index: usize| MerkleHash(*blake3::hash(&index.to_le_bytes()).as_bytes());
    let leaves: Vec<MerkleHash> = (0..LEAVES).into_par_iter().map(leaf).collect();
    let capacity = LEAVES.next_power_of_two() as u64;
    let tree = median(BUDGET, || {
        std::hint::black_box(MerkleTree::new(leaves.clone(), capacity)?.root());
        Ok(())
    })?;
    let pairs: Vec<[u8; 64]> = leaves
        .par_chunks_exact(2)
        .map(|pair| {
            let mut bytes = [0; 64];
            bytes[..32].copy_from_slice(&pair[0].0);
            bytes[32..].copy_from_slice(&pair[1].0);
            bytes
        })
        .collect();
    // A tree has as many inner nodes as leaves, less one: twice the pairs of leaves.
    let raw = median(BUDGET, || {
        for _ in 0..2 {
            let mixed = pairs
                .par_iter()
                .map(|pair| blake3::hash(pair).as_bytes()[0])
                .reduce(|| 0, |one, other| one ^ other);
            std::hint::black_box(mixed);
        }
        Ok(())
    })?;
    report.add(&Line {
        name: "Merkle root of 1,000,000 leaves",
        value: tree.as_secs_f64() * 1e3,
        unit: "ms",
        target: Target::AtMost(2.0),
        against: Some(("blake3 of 64 bytes", tree.as_secs_f64() / raw.as_secs_f64())),
    })
}
