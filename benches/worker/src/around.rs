//! What a nonce and a batch cost besides the algorithm: the fixed cost of a nonce, compiling, loading, threads.

use std::time::Duration;

use tig_bench_report::{Line, Report, Result, Target, median, median_of_thread};
use tig_challenges::ChallengeKind;
use tig_worker::{Algorithm, BatchJob, Cache, Limits, compute_batch, compute_nonce};

use crate::Built;
use crate::judge::{RAND_HASH, batch, settings};

const BUDGET: Duration = Duration::from_secs(5);
/// A tick of the clock for the processor time of a thread, which is 4 ms, is 0.06 us of each of them.
const FIXED_NONCES: u32 = 65_536;
/// Time of one thread for the batch that is computed with one and two, about.
const BATCH: Duration = Duration::from_secs(1);

/// One that computes, and the smallest, whose threads wait for each other when the kernel grows a guest's memory.
const THREADED: [&str; 2] = ["ruin_recreate", "random_flip"];

/// Answers at once. Its memory is that of a module as compilers make it.
const IDLE: &str = r#"(module
    (memory (export "memory") 17)
    (data (i32.const 1048576) "data")
    (func (export "init") (param i32) (result i32) i32.const 65536)
    (func (export "entry_point") (param i32 i32) (result i32) i32.const 8))"#;

pub(crate) fn measure(report: &mut Report, built: &[Built]) -> Result<()> {
    fixed_cost(report)?;
    let Some(largest) = built.iter().max_by_key(|built| built.wasm.len()) else {
        return Ok(());
    };
    start(report, &largest.wasm)?;
    for name in THREADED {
        let found = built.iter().find(|built| built.algorithm.name == name);
        if let Some(built) = found {
            threads(report, built)?;
        }
    }
    Ok(())
}

fn fixed_cost(report: &mut Report) -> Result<()> {
    let algorithm = Algorithm::compile(&wat::parse_str(IDLE)?)?;
    let settings = settings(ChallengeKind::Knapsack, &[50, 10]);
    let generate = median_of_thread(BUDGET, || {
        for nonce in 0..FIXED_NONCES {
            let instance = tig_worker::generate_instance(&settings, RAND_HASH, nonce.into())?;
            std::hint::black_box(instance);
        }
        Ok(())
    })?;
    let all = median_of_thread(BUDGET, || {
        for nonce in 0..FIXED_NONCES {
            compute_nonce(
                &algorithm,
                &settings,
                RAND_HASH,
                nonce.into(),
                &Limits::default(),
            )?;
        }
        Ok(())
    })?;
    let fixed = all.saturating_sub(generate) / FIXED_NONCES;
    report.number(
        "fixed cost of a nonce",
        fixed.as_secs_f64() * 1e6,
        "us",
        Target::AtMost(100.0),
    )
}

fn start(report: &mut Report, wasm: &[u8]) -> Result<()> {
    let kib = wasm.len() >> 10;
    let compile = median(BUDGET, || {
        Algorithm::compile(wasm)?;
        Ok(())
    })?;
    report.number(
        &format!("compile {kib} KiB"),
        compile.as_secs_f64() * 1e3,
        "ms",
        Target::AtMost(400.0),
    )?;
    let folder = tempfile::tempdir()?;
    let folder = folder.path().join("cache");
    Algorithm::load(wasm, &Cache::open(&folder)?)?;
    let load = median(BUDGET, || {
        Algorithm::load(wasm, &Cache::open(&folder)?)?;
        Ok(())
    })?;
    report.number(
        &format!("start with a warm cache, {kib} KiB"),
        load.as_secs_f64() * 1e3,
        "ms",
        Target::AtMost(20.0),
    )
}

/// The same batch on one thread and on two.
fn threads(report: &mut Report, built: &Built) -> Result<()> {
    let algorithm = Algorithm::compile(&built.wasm)?;
    let time = |job: &BatchJob, workers| {
        median(BUDGET, || {
            compute_batch(&algorithm, job, &Limits::default(), workers)?;
            Ok(())
        })
    };
    let sample = time(&batch(built.algorithm, 64), 1)?
        .as_secs_f64()
        .max(1e-6);
    let nonces = (64.0 * BATCH.as_secs_f64() / sample).clamp(64.0, 65536.0) as u64;
    let job = batch(built.algorithm, nonces.next_power_of_two());
    let (one, two) = (time(&job, 1)?.as_secs_f64(), time(&job, 2)?.as_secs_f64());
    report.add(&Line {
        name: &format!("{} on 2 threads", built.algorithm.name),
        value: job.num_nonces as f64 / two,
        unit: "nonces/s",
        target: Target::AtLeast(1.8),
        against: Some(("1 thread", one / two)),
    })
}
