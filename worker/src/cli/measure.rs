//! `tig-worker bench`: what this machine makes of an algorithm at a difficulty, the batch size to give it, and whether a
//! batch is done while it counts.

use std::time::{Duration, Instant};

use tig_protocol::{BATCH_SIZE_MAX, BenchmarkSettings};
use tig_worker::{Algorithm, BatchJob, Limits, WORKERS_MAX, compute_batch};

use super::args::Bench;
use super::commands::{Failure, limits, read_algorithm, read_json};
use super::table;

/// Nonces of one round: enough that starting it does not matter, few enough that the time is kept.
const ROUND_NONCES_MAX: u64 = 1 << 16;
/// A round that takes longer is not made larger.
const ROUND: Duration = Duration::from_secs(1);
/// A batch should take a slave 15 to 30 seconds: less is spent on asking, more is lost when a slave dies.
const BATCH_SECONDS: f64 = 30.0;
const RAND_HASH: &str = "bench";

#[derive(Default)]
struct Sums {
    nonces: u64,
    solved: u64,
    fuel: u128,
    fuel_max: u64,
    time: Duration,
}

pub(crate) fn run(args: &Bench) -> Result<(), Failure> {
    let settings: BenchmarkSettings = read_json(&args.settings, "settings")?;
    let algorithm = read_algorithm(&args.wasm, &args.vm)?;
    let limits = limits(&args.vm);
    let budget = Duration::from_secs(args.seconds);
    let mut sums = Sums::default();
    let mut round_nonces = first_round(args.workers);
    while sums.nonces == 0 || sums.time < budget {
        let time = round(
            &algorithm,
            &settings,
            &limits,
            args.workers,
            round_nonces,
            &mut sums,
        )?;
        round_nonces = next_round(round_nonces, time);
    }
    print(&sums, &limits, args)
}

/// Nonces of the first round: one for each worker, since a worker without a nonce would count as a slow one.
fn first_round(workers: usize) -> u64 {
    workers.clamp(1, WORKERS_MAX) as u64
}

/// Nonces of the round after one that took `time`: a multiple of the workers, as the first one's.
fn next_round(nonces: u64, time: Duration) -> u64 {
    let doubled = 2 * nonces;
    match time < ROUND && doubled <= ROUND_NONCES_MAX {
        true => doubled,
        false => nonces,
    }
}

/// Computes the next nonces as a slave does.
fn round(
    algorithm: &Algorithm,
    settings: &BenchmarkSettings,
    limits: &Limits,
    workers: usize,
    num_nonces: u64,
    sums: &mut Sums,
) -> Result<Duration, Failure> {
    let nonces = sums.nonces..sums.nonces + num_nonces;
    let job = BatchJob {
        settings: settings.clone(),
        rand_hash: RAND_HASH.to_owned(),
        start_nonce: nonces.start,
        num_nonces,
        batch_size: num_nonces.next_power_of_two(),
        // All, since only proofs show what a nonce cost.
        sampled_nonces: nonces.collect(),
    };
    let begin = Instant::now();
    let result = compute_batch(algorithm, &job, limits, workers).map_err(Failure::error)?;
    let time = begin.elapsed();
    for proof in &result.merkle_proofs {
        sums.fuel += u128::from(proof.leaf.fuel_consumed);
        sums.fuel_max = sums.fuel_max.max(proof.leaf.fuel_consumed);
    }
    sums.nonces += num_nonces;
    sums.solved += result.solution_nonces.len() as u64;
    sums.time += time;
    Ok(time)
}

fn print(sums: &Sums, limits: &Limits, args: &Bench) -> Result<(), Failure> {
    let nonces = sums.nonces as f64;
    let rate = nonces / sums.time.as_secs_f64();
    let batch = suitable_batch_size(rate);
    let share = |fuel: f64| 100.0 * fuel / limits.max_fuel as f64;
    let workers = format!("nonces on {} workers", args.workers);
    let batch_size = args.lifespan.batch_size.unwrap_or(batch);
    let judgement = args.lifespan.judge(batch_size, rate);
    let batch_name = format!("a batch of {batch_size} nonces takes");
    let useful = judgement.useful_seconds;
    let of_useful = |seconds: f64| 100.0 * seconds / useful.max(f64::MIN_POSITIVE);
    let mut lines = vec![
        (workers.as_str(), rate, "nonces/s"),
        (
            "nonces with a solution",
            100.0 * sums.solved as f64 / nonces,
            "%",
        ),
        (
            "fuel of a nonce, of the limit",
            share(sums.fuel as f64 / nonces),
            "%",
        ),
        ("the most, of the limit", share(sums.fuel_max as f64), "%"),
        ("batch_size for 15 to 30 s", batch as f64, "nonces"),
        (&batch_name, judgement.batch_seconds, "s"),
        ("useful part of the lifespan", useful, "s"),
    ];
    // A lifespan with no useful part has no shares.
    if useful > 0.0 {
        let proved = of_useful(judgement.proved_seconds);
        lines.push(("root and proofs of a batch, of it", proved, "%"));
        let benchmark = judgement.benchmark_seconds.map(of_useful);
        lines.extend(benchmark.map(|share| ("the whole benchmark, of it", share, "%")));
    }
    table::print(&lines, args.json)?;
    table::print_verdict(judgement.fits(), &judgement.sentence(), args.json)
}

/// The largest batch that takes at most [`BATCH_SECONDS`] at so many nonces per second, and that slaves accept.
fn suitable_batch_size(rate: f64) -> u64 {
    let exponent = (rate * BATCH_SECONDS).max(1.0).log2().floor();
    (exponent.exp2() as u64).min(BATCH_SIZE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_has_nonces_for_all_workers() {
        for workers in [1, 2, 3, 24, WORKERS_MAX] {
            let mut nonces = first_round(workers);
            assert_eq!(nonces, workers as u64);
            // A long round is repeated as it is.
            assert_eq!(next_round(nonces, ROUND), nonces);
            for _ in 0..20 {
                nonces = next_round(nonces, Duration::ZERO);
                assert_eq!(nonces % workers as u64, 0, "{workers}");
            }
            assert!(nonces <= ROUND_NONCES_MAX && 2 * nonces > ROUND_NONCES_MAX);
        }
        // As many threads as are started. None is an error of the batch.
        assert_eq!(first_round(WORKERS_MAX + 1), WORKERS_MAX as u64);
        assert_eq!(first_round(0), 1);
    }

    #[test]
    fn suitable_batch_is_one_that_slaves_accept() {
        assert_eq!(suitable_batch_size(0.01), 1);
        assert_eq!(suitable_batch_size(100.0), 2048);
        assert_eq!(suitable_batch_size(1e6), BATCH_SIZE_MAX);
    }
}
