//! `cargo xtask horde cycle`: the whole validator on a fast chain, with other validators, miners and a facilitator whose users order
//! jobs; with faults and kills if asked for.

mod faults;
mod judge;
mod orders;
mod settled;
mod show;
mod watch;

use std::time::{Duration, Instant};

use horde_system_tests::{Artifacts, ChainOptions, Miners, MinersOptions, Site, validator_options};

use self::faults::Troubles;
use self::judge::Evidence;
use self::orders::Orders;
use self::watch::Watch;
use crate::{Result, output};

/// Number of miners; the first ones misbehave.
const MINERS: usize = 20;
/// Executors of each.
const EXECUTORS: u32 = 2;
/// What is wrong with the first miners.
const VICES: [&str; 6] = [
    "refuses",
    "declines",
    "wrong-answer",
    "failed-after-ready",
    "twice",
    "slow:100",
];
/// Other validators of the subnet.
const VALIDATORS: usize = 23;
/// First block of the first whole cycle of subnet 12.
const FIRST_CYCLE: u32 = 10_094;
/// Blocks before it at which the chain starts.
const LEAD_BLOCKS: u32 = 40;
/// Blocks of a cycle.
const CYCLE_BLOCKS: u32 = 722;
/// Blocks after the last cycle in which its weights must be over: the rest of its interval, and the next one.
const END_BLOCKS: u32 = 2 * CYCLE_BLOCKS;
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Time for the last jobs to be over: a facilitator regards a job as dead after 5 min 30 s.
const JOBS_MAX: Duration = Duration::from_secs(400);

/// Settings of the run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Number of cycles.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    cycles: u32,
    /// Jobs that users order, evenly over the cycles.
    #[arg(long, default_value_t = 100)]
    jobs: u32,
    /// How weights are set: `commit_reveal`, `pylon` or `direct`.
    #[arg(long, default_value = "commit_reveal")]
    mode: String,
    /// Milliseconds from one block to the next.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(20..=12_000))]
    block_ms: u64,
    /// Draw faults of the chain and of the facilitator at random.
    #[arg(long)]
    faults: bool,
    /// Kill the host so many times, at random instants, and start it again.
    #[arg(long, default_value_t = 0)]
    kills: u32,
    /// Decides faults and kills: the same seed gives the same ones, not the same instants of threads.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Keep the folder with logs and store.
    #[arg(long)]
    keep: bool,
}

impl Options {
    fn chain(&self) -> ChainOptions {
        ChainOptions {
            block_ms: self.block_ms,
            first_block: FIRST_CYCLE - LEAD_BLOCKS,
            validators: VALIDATORS,
            is_commit_reveal: self.mode == "commit_reveal",
        }
    }

    /// First blocks of the cycles.
    fn cycle_starts(&self) -> impl Iterator<Item = u32> {
        (0..self.cycles).map(|index| FIRST_CYCLE + index * CYCLE_BLOCKS)
    }

    /// The block at which all weights must be over.
    fn last_block(&self) -> u32 {
        FIRST_CYCLE + self.cycles * CYCLE_BLOCKS + END_BLOCKS
    }

    /// Time in which so many blocks are made.
    fn time(&self, blocks: u32) -> Duration {
        Duration::from_millis(self.block_ms) * blocks
    }
}

/// Runs the cycles.
pub(super) fn run(artifacts: Artifacts, options: &Options) -> Result<()> {
    let mut folder = tempfile::Builder::new().prefix("horde-cycle-").tempdir()?;
    folder.disable_cleanup(options.keep);
    let network = MinersOptions {
        miners: MINERS,
        executors: EXECUTORS,
        instant: false,
        vices: VICES
            .iter()
            .enumerate()
            .map(|(index, vice)| format!("{index}={vice}"))
            .collect(),
        chain: Some(options.chain()),
        language: None,
    };
    let miners = Miners::start(&artifacts, folder.path(), &network)?;
    let host_options = validator_options(&miners, &options.chain(), &options.mode);
    let site = Site::prepare(folder.path(), artifacts, &host_options)?;
    output::progress(&format!(
        "{MINERS} miners, {VALIDATORS} other validators, a chain with a block every {} ms, a facilitator and a host run in {}",
        options.block_ms,
        folder.path().display()
    ));
    let watch = follow(&site, &miners, options)?;
    let evidence = Evidence::read(&miners, options.cycle_starts().collect(), options.faults)?;
    let faults = judge::judge(&evidence, &watch);
    show::show(&evidence, &watch, options.json);
    if faults.is_empty() {
        return Ok(());
    }
    for fault in &faults {
        output::progress(&format!("fault: {fault}"));
    }
    Err(format!("{} things are not as they must be", faults.len()).into())
}

/// Lets time pass until all cycles and jobs are over: orders jobs, makes trouble, and notes what can be seen.
fn follow(site: &Site, miners: &Miners, options: &Options) -> Result<Watch> {
    let mut host = site.start_host()?;
    let mut watch = Watch::new(host.address()?, miners);
    let span = options.time(LEAD_BLOCKS + options.cycles * CYCLE_BLOCKS);
    let mut orders = Orders::new(miners, options.jobs, span)?;
    let mut troubles = Troubles::new(options, span);
    let begin = Instant::now();
    let cycles: Vec<u32> = options.cycle_starts().collect();
    loop {
        watch.look()?;
        let elapsed = begin.elapsed();
        // Before a batch the validator knows of no executor that it could choose.
        if !watch.batches.is_empty() || elapsed > options.time(CYCLE_BLOCKS) {
            orders.order_due(elapsed)?;
        }
        if troubles.is_kill_due(elapsed) {
            host.kill();
            host = site.start_host()?;
            watch.restarted(host.address()?);
        }
        troubles.make_due(elapsed, miners)?;
        let are_cycles_over = watch.are_over(&cycles) || watch.block() > options.last_block();
        if are_cycles_over && elapsed > span {
            troubles.end(miners)?;
            if orders.are_over()? || elapsed > span + JOBS_MAX {
                return Ok(watch);
            }
        }
        host.check_running()?;
        std::thread::sleep(LOOK);
    }
}
