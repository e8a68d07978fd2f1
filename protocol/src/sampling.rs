//! Which nonces of a confirmed benchmark must be proven (tig-protocol.md section 6.1).

use std::collections::HashSet;

use crate::hash;
use crate::rng::{ChaCha12, Rng};

/// Samples up to `max_samples` of the solution nonces and as many of the others, below `num_nonces`; the solutions
/// come first. `block_id` is the block that confirms the benchmark.
///
/// The solution nonces are sorted before they are shuffled, because the order in which the original takes them out of
/// a hash set is not reproducible.
pub fn sample_nonces(
    block_id: &str,
    benchmark_id: &str,
    solution_nonces: &[u64],
    num_nonces: u64,
    max_samples: usize,
) -> Vec<u64> {
    let seed = hash::first_u64(&format!(r#""{block_id}"|"{benchmark_id}""#));
    let mut rng = ChaCha12::seed_from_u64(seed);
    let mut samples = solution_nonces.to_vec();
    samples.sort_unstable();
    samples.dedup();
    let solutions: HashSet<u64> = samples.iter().copied().collect();
    rng.shuffle(&mut samples);
    samples.truncate(max_samples);
    samples.extend(sample_others(&mut rng, &solutions, num_nonces, max_samples));
    samples
}

/// Up to `max_samples` of the nonces below `num_nonces` that are no solutions.
fn sample_others(
    rng: &mut ChaCha12,
    solutions: &HashSet<u64>,
    num_nonces: u64,
    max_samples: usize,
) -> Vec<u64> {
    let num_solutions = solutions.len() as u64;
    let wanted = num_nonces
        .saturating_sub(num_solutions)
        .min(max_samples as u64) as usize;
    if num_nonces > num_solutions.saturating_mul(2) {
        let mut seen = solutions.clone();
        let draws = std::iter::repeat_with(|| rng.below_u64(num_nonces));
        return draws
            .filter(|&nonce| seen.insert(nonce))
            .take(wanted)
            .collect();
    }
    let mut others: Vec<u64> = (0..num_nonces)
        .filter(|nonce| !solutions.contains(nonce))
        .collect();
    rng.shuffle(&mut others);
    others.truncate(wanted);
    others
}
