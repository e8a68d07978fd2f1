//! `cargo xtask kill`: kills the host at random instants while it works, and shows that nothing was lost or done twice.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use tig_process::signals::StopFlag;
use tig_system_tests::{
    Account, Algorithm, Artifacts, MasterOptions, Pace, Plan, Site, Stack, Stage,
    kill_again_and_again,
};

use crate::workspace::Workspace;
use crate::{Result, build, output};

/// A line is printed each time so many hosts were killed.
const PROGRESS_EVERY: u64 = 10;
/// Nonces that the slave computes at the same time.
const WORKERS: usize = 2;

/// Settings of the kills.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Hosts to kill
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Decides the instants
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Milliseconds between the blocks of the network
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(100..))]
    block_ms: u64,
}

/// Builds, kills and gives account; the folder is kept after a fault, and goes at a signal.
pub(crate) fn run(options: &Options) -> Result<()> {
    output::progress("building programs, plugins and algorithms");
    let artifacts = build::everything(&Workspace::load()?)?;
    let stop = StopFlag::listen()?;
    let mut folder = tempfile::Builder::new().prefix("tig-kill-").tempdir()?;
    let done = run_in(folder.path(), artifacts, options, &stop);
    if let Some(reason) = stop.reason() {
        return Err(format!("stopped by {reason}").into());
    }
    if done.is_err() {
        folder.disable_cleanup(true);
        let folder = folder.path().display();
        output::progress(&format!("everything is kept in {folder}"));
    }
    done
}

fn run_in(folder: &Path, artifacts: Artifacts, options: &Options, stop: &StopFlag) -> Result<()> {
    let site = Site::prepare(folder, artifacts)?;
    let master = small_batches();
    let pace = Pace {
        block_ms: options.block_ms,
        workers: WORKERS,
    };
    let plan = Plan {
        kills: options.runs,
        seed: options.seed,
    };
    let start = Instant::now();
    let mut stack = Stack::start(site, &master, pace)?;
    let account = kill_again_and_again(&mut stack, &master, plan, |account| {
        if account.kills.is_multiple_of(PROGRESS_EVERY) {
            output::progress(&progress(account, options.runs));
        }
        match stop.reason() {
            None => ControlFlow::Continue(()),
            Some(_) => ControlFlow::Break(()),
        }
    })?;
    output::result(&summary(&account, options.seed, start));
    let faults = account.faults(master.max_precommits_per_block);
    for fault in &faults {
        output::progress(fault);
    }
    match faults.len() {
        0 => Ok(()),
        count => Err(format!("{count} faults").into()),
    }
}

/// Benchmarks of many batches that take a fraction of a second each.
fn small_batches() -> MasterOptions {
    let algorithm = |name, num_nonces, batch_size| Algorithm {
        name,
        num_nonces,
        batch_size,
    };
    MasterOptions {
        algorithms: [
            ("satisfiability", algorithm("walk_sat", 40, 4)),
            ("vehicle_routing", algorithm("ruin_recreate", 32, 4)),
        ]
        .into(),
        max_precommits_per_block: 1,
        ..MasterOptions::default()
    }
}

fn progress(account: &Account, runs: u64) -> String {
    let begun = account.benchmarks.len();
    let proved = account.count(Stage::Proof);
    format!(
        "{}/{runs} killed: {begun} benchmarks begun, {proved} proved",
        account.kills
    )
}

fn summary(account: &Account, seed: u64, start: Instant) -> String {
    format!(
        "{} kills (seed {seed}) in {} s: {} benchmarks begun, {} proved, {} frauds; {} batches computed, {} of them again; \
         {} submissions sent again and recognised",
        account.kills,
        start.elapsed().as_secs(),
        account.benchmarks.len(),
        account.count(Stage::Proof),
        account.count(Stage::Fraud),
        account.computed.len(),
        account.computed_again(),
        account.resent,
    )
}
