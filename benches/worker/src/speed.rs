//! Nonces per second of processor time, for one algorithm: our worker, the interpreter, native code, on the same nonces.

use std::time::{Duration, Instant};

use tig_bench_report::{Line, Report, Result, Target, median_of_thread};
use tig_protocol::BenchmarkSettings;
use tig_worker::{Algorithm, Limits, Outcome, compute_nonce};

use crate::Built;
use crate::interpreter::Parsed;
use crate::judge::{RAND_HASH, settings, solves};

/// Time that our worker takes for the measured nonces, about: the processor time of a thread is known to 4 ms.
const ROUND: Duration = Duration::from_millis(250);
const NONCES_MAX: u64 = 32_768;
/// Time for the rounds of one way to run an algorithm.
const BUDGET: Duration = Duration::from_secs(3);
/// An algorithm that takes longer natively, and most of it not for the instance, is compute-bound: neither the fixed costs
/// nor the instance matter much.
const COMPUTE_BOUND: Duration = Duration::from_micros(500);

pub(crate) fn measure(report: &mut Report, built: &Built) -> Result<()> {
    let algorithm = Algorithm::compile(&built.wasm)?;
    let settings = settings(built.algorithm.challenge, &built.algorithm.difficulty);
    // The first nonce pays for the slot of the guest.
    ours(&algorithm, &settings, 0)?;
    let (nonces, solved) = nonces(&algorithm, &settings)?;
    let time = |solves: &mut dyn FnMut(u64) -> Result<bool>| {
        let round = || {
            let count = (0..nonces).map(&mut *solves).filter(is_true).count();
            match count == solved {
                true => Ok(()),
                false => Err(format!("{count} nonces solved, {solved} by the worker").into()),
            }
        };
        median_of_thread(BUDGET, round).map(|time| time / u32::try_from(nonces).unwrap_or(1))
    };
    let ours = time(&mut |nonce| ours(&algorithm, &settings, nonce))?;
    let native = time(&mut |nonce| {
        solves(&settings, nonce, |instance| {
            Ok((built.algorithm.native)(instance).split_off(4))
        })
    })?;
    let instance = median_of_thread(BUDGET, || {
        (0..nonces).try_for_each(|nonce| {
            let instance = tig_worker::generate_instance(&settings, RAND_HASH, nonce)?;
            std::hint::black_box(instance.to_bytes());
            Ok(())
        })
    })? / u32::try_from(nonces).unwrap_or(1);
    let is_compute_bound = native > COMPUTE_BOUND && instance < native / 4;
    let per_nonce = time(&mut |nonce| {
        solves(&settings, nonce, |instance| {
            Parsed::new(&built.wasm)?.run(instance)
        })
    })?;
    let parsed = Parsed::new(&built.wasm)?;
    let per_batch = time(&mut |nonce| solves(&settings, nonce, |instance| parsed.run(instance)))?;
    let speedup = if is_compute_bound { 10.0 } else { 5.0 };
    add(report, built, ours, native, [per_nonce, per_batch], speedup)
}

fn is_true(solved: &Result<bool>) -> bool {
    matches!(solved, Ok(true))
}

fn ours(algorithm: &Algorithm, settings: &BenchmarkSettings, nonce: u64) -> Result<bool> {
    let computed = compute_nonce(algorithm, settings, RAND_HASH, nonce, &Limits::default())?;
    Ok(computed.outcome == Outcome::Solved)
}

/// How many nonces make a round, and how many of them are solved.
fn nonces(algorithm: &Algorithm, settings: &BenchmarkSettings) -> Result<(u64, usize)> {
    let begin = Instant::now();
    let (mut nonces, mut solved) = (0, 0);
    while nonces == 0 || (nonces < NONCES_MAX && begin.elapsed() < ROUND) {
        solved += usize::from(ours(algorithm, settings, nonces)?);
        nonces += 1;
    }
    Ok((nonces, solved))
}

fn add(
    report: &mut Report,
    built: &Built,
    ours: Duration,
    native: Duration,
    [per_nonce, per_batch]: [Duration; 2],
    speedup: f64,
) -> Result<()> {
    let name = format!(
        "{} {}",
        built.algorithm.challenge.name(),
        built.algorithm.name
    );
    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    let rate = |against, time, target| Line {
        name: &name,
        value: 1.0 / ours.as_secs_f64(),
        unit: "nonces/s",
        target,
        against: Some((against, ratio(time, ours))),
    };
    report.add(&rate(
        "wasmi 0.35, parsed for every nonce",
        per_nonce,
        Target::AtLeast(speedup),
    ))?;
    report.add(&rate("wasmi 0.35, parsed once", per_batch, Target::None))?;
    report.add(&Line {
        name: &name,
        value: ours.as_secs_f64() * 1e3,
        unit: "ms/nonce",
        target: Target::AtMost(1.5),
        against: Some(("native", ratio(ours, native))),
    })
}
