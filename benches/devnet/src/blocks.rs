//! How long it takes to make a block while many benchmarks are in the lifespan window.

use std::time::{Duration, Instant};

use tig_bench_report::{Report, Result, Target};
use tig_devnet::{Api, Keys, Request, devnet_config};

use crate::BENCHMARKS;
use crate::crowded::Crowded;

/// Blocks that are measured once the window is full.
const BLOCKS: usize = 20;
const TARGET: Target = Target::AtMost(200.0);

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    steady(report)?;
    at_once(report)
}

/// As much comes as goes: each block confirms precommits, benchmarks and proofs, and most of the benchmarks are active.
fn steady(report: &mut Report) -> Result<()> {
    let mut crowded = Crowded::new()?;
    let lifespan = devnet_config().benchmark_submissions.lifespan_period as usize;
    let per_block = BENCHMARKS.div_ceil(lifespan);
    let (mut precommits, mut benchmarks) = (Vec::new(), Vec::new());
    let mut times = Vec::new();
    for _ in 0..lifespan + BLOCKS {
        crowded.submit_proofs(&benchmarks)?;
        crowded.submit_benchmarks(&precommits)?;
        benchmarks = precommits;
        precommits = crowded.precommit(per_block)?;
        times.push(block(&mut crowded));
    }
    let view = crowded.network.view();
    let (all, active) = (
        view.stages.values().sum::<usize>(),
        view.blocks[0].num_active,
    );
    let times = &mut times[lifespan..];
    times.sort_unstable();
    let name = |what| {
        format!("block with {all} benchmarks in the window, {active} of them active: {what}")
    };
    report.number(&name("median"), ms(times[times.len() / 2]), "ms", TARGET)?;
    report.number(
        &name("slowest of 20"),
        ms(times[times.len() - 1]),
        "ms",
        TARGET,
    )?;

    let mut api = Api::new(crowded.network, Keys::default());
    for path in ["/devnet/state", "/"] {
        let start = Instant::now();
        let answer = api.answer(&Request::get(path));
        let time = ms(start.elapsed());
        let name = format!("GET {path} with them, {} KB", answer.body.len() / 1_000);
        report.number(&name, time, "ms", Target::None)?;
    }
    Ok(())
}

/// All benchmarks take each step in the same block.
fn at_once(report: &mut Report) -> Result<()> {
    let mut crowded = Crowded::new()?;
    let mut line = |what: &str, time| {
        let name = format!("block that {what}");
        report.number(&name, ms(time), "ms", TARGET)
    };
    let ids = crowded.precommit(BENCHMARKS)?;
    line("confirms 10,000 precommits", block(&mut crowded))?;
    crowded.submit_benchmarks(&ids)?;
    line(
        "confirms and samples 10,000 benchmarks",
        block(&mut crowded),
    )?;
    crowded.submit_proofs(&ids)?;
    line("confirms 10,000 proofs", block(&mut crowded))?;
    let mut slowest = Duration::ZERO;
    while crowded.network.view().blocks[0].num_active < BENCHMARKS {
        slowest = slowest.max(block(&mut crowded));
    }
    line("sees 10,000 benchmarks get active", slowest)
}

fn block(crowded: &mut Crowded) -> Duration {
    let start = Instant::now();
    crowded.network.produce_block();
    start.elapsed()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
