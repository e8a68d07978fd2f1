//! The same seed and the same requests give the same blocks.

use tig_challenges::ChallengeKind;

use crate::support;

/// Block ids and samples of a run with two challenges.
fn run(seed: u64) -> (Vec<String>, Vec<Vec<u64>>) {
    let mut network = support::network(seed);
    let mut samples = Vec::new();
    for kind in [ChallengeKind::Satisfiability, ChallengeKind::Knapsack] {
        let sampled = support::sampled(&mut network, kind, |_| ());
        support::submit_proof(&mut network, sampled.proof).unwrap();
        support::reexecute(&mut network);
        samples.push(sampled.sampled_nonces);
    }
    let mut block_ids = vec![network.status().block_id];
    block_ids.extend((0..3).map(|_| network.produce_block().to_owned()));
    (block_ids, samples)
}

#[test]
fn a_seed_decides_blocks_and_samples() {
    let (block_ids, samples) = run(7);
    assert_eq!(run(7), (block_ids.clone(), samples));
    assert_ne!(run(8).0, block_ids);
    for id in block_ids {
        assert!(
            id.len() == 32 && id.bytes().all(|byte| b"0123456789abcdef".contains(&byte)),
            "{id}"
        );
    }
}
