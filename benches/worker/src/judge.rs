//! What the worker does around a run, for runs by other means: generate the instance, judge the result block.

use std::io::Read;

use flate2::read::ZlibDecoder;
use tig_bench_report::Result;
use tig_challenges::{ChallengeKind, Instance};
use tig_protocol::{BenchmarkSettings, Solution};
use tig_worker::BatchJob;

use crate::algorithms::Algorithm;

/// The settings of the measured nonces.
pub(crate) fn settings(challenge: ChallengeKind, difficulty: &[i32]) -> BenchmarkSettings {
    BenchmarkSettings {
        player_id: "player".to_owned(),
        block_id: "block".to_owned(),
        challenge_id: challenge.id().to_owned(),
        algorithm_id: "algorithm".to_owned(),
        difficulty: difficulty.to_vec(),
    }
}

/// The benchmark of the measured nonces.
pub(crate) const RAND_HASH: &str = "rand_hash";

/// A batch of the first nonces of an algorithm, without proofs; their number is a power of two.
pub(crate) fn batch(algorithm: &Algorithm, num_nonces: u64) -> BatchJob {
    BatchJob {
        settings: settings(algorithm.challenge, &algorithm.difficulty),
        rand_hash: RAND_HASH.to_owned(),
        start_nonce: 0,
        num_nonces,
        batch_size: num_nonces,
        sampled_nonces: Vec::new(),
    }
}

/// Whether `run` solves the instance of a nonce. It gets the instance's bytes and returns the bytes after the length of
/// the result block.
pub(crate) fn solves(
    settings: &BenchmarkSettings,
    nonce: u64,
    run: impl FnOnce(&[u8]) -> Result<Vec<u8>>,
) -> Result<bool> {
    let instance = tig_worker::generate_instance(settings, RAND_HASH, nonce)?;
    let stream = run(&instance.to_bytes())?;
    Ok(!stream.is_empty() && verify(&instance, &stream)?)
}

fn verify(instance: &Instance, stream: &[u8]) -> Result<bool> {
    let mut text = Vec::new();
    ZlibDecoder::new(stream).read_to_end(&mut text)?;
    let solution: Solution = serde_json::from_slice(&text)?;
    Ok(instance.verify(&solution).is_ok())
}
