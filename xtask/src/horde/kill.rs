//! `cargo xtask horde kill`: the host is killed at random instants of batches.

mod pipeline;

use std::collections::BTreeMap;
use std::time::Duration;

use horde_system_tests::{
    Artifacts, Call, HostOptions, LANGUAGE_EXTENSIONS, Line, Miners, MinersOptions, Site,
};
use serde_json::{Value, json};
use tig_system_tests::{get, wait_for};

use super::columns::{BLAME, SPARED, sum};
use crate::{Result, output};

/// Number of miners.
const MINERS: usize = 8;
/// Executors of each.
const EXECUTORS: u32 = 2;
/// Longest time from the start of a batch to the kill, in milliseconds: batches take about as long.
const KILL_AFTER_MS_MAX: u64 = 1_200;
/// Longest time for the killed batch to end after the restart.
const END_MAX: Duration = Duration::from_secs(60);

/// Settings of the run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Number of kills.
    #[arg(long, default_value_t = 100)]
    runs: u64,
    /// Decides the instants: the same seed gives the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Kill while a pool of prompts fills and is used, in place of batches of hash jobs.
    #[arg(long)]
    pipeline: bool,
}

impl Options {
    /// Programs and extensions that are needed.
    pub(super) fn names(&self) -> Vec<&'static [&'static str]> {
        let mut names = super::STOCK.to_vec();
        if self.pipeline {
            names.push(&LANGUAGE_EXTENSIONS);
        }
        names
    }
}

/// Kills again and again.
pub(super) fn run(artifacts: &Artifacts, options: &Options) -> Result<()> {
    if options.pipeline {
        return pipeline::run(artifacts, options);
    }
    let mut random = fastrand::Rng::with_seed(options.seed);
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for run in 1..=options.runs {
        let kill_after = Duration::from_millis(random.u64(0..KILL_AFTER_MS_MAX));
        let result = run_once(artifacts, kill_after)
            .map_err(|error| format!("run {run}, killed after {kill_after:?}: {error}"))?;
        for column in SPARED {
            *outcomes.entry(column).or_default() += sum(&result, column);
        }
        if run % 10 == 0 {
            output::progress(&format!("{run} kills: {outcomes:?}"));
        }
    }
    output::result(&format!(
        "{} kills: each job has one outcome, no miner is blamed: {outcomes:?}",
        options.runs
    ));
    Ok(())
}

/// Kills one batch, and follows it to its end.
fn run_once(artifacts: &Artifacts, kill_after: Duration) -> Result<Value> {
    let folder = tempfile::Builder::new().prefix("horde-kill-").tempdir()?;
    let options = HostOptions {
        batch: json!({ "manifest_timeout_ms": 8_000 }),
        ..HostOptions::default()
    };
    let site = Site::prepare(folder.path(), artifacts.clone(), &options)?;
    let network = MinersOptions {
        miners: MINERS,
        executors: EXECUTORS,
        instant: false,
        vices: vec!["0=slow:300".to_owned(), "1=slow:100".to_owned()],
        chain: None,
        language: None,
    };
    let miners = Miners::start(artifacts, folder.path(), &network)?;
    let mut host = site.start_host()?;
    let mut call = Call::start(&site, ("horde_batch", "run_batch"), &miners.arguments())?;
    if !matches!(call.next_line()?, Some(Line::Started(_))) {
        return Err("the batch has not started".into());
    }
    std::thread::sleep(kill_after);
    host.kill();
    drop(call);
    host = site.start_host()?;
    let address = host.address()?;
    let ended = wait_for("the end of the killed batch", END_MAX, || {
        let status: Value = get(&address, "/horde/batch").ok()?.json().ok()?;
        let last = &status["last"];
        (last["number"].as_u64() == Some(1)).then(|| last.clone())
    })?;
    judge(&ended)?;
    let report = miners.report()?;
    let violations = |miner: &Value| miner["violations"].as_array().cloned().unwrap_or_default();
    let violations: Vec<Value> = report
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(violations)
        .collect();
    if !violations.is_empty() {
        return Err(format!("the miners have seen {violations:?}").into());
    }
    Ok(ended)
}

fn judge(result: &Value) -> Result<()> {
    let jobs = sum(result, "jobs");
    let blamed: u64 = BLAME.iter().map(|column| sum(result, column)).sum();
    let spared: u64 = SPARED.iter().map(|column| sum(result, column)).sum();
    if blamed > 0 {
        return Err(format!("{blamed} jobs are blamed on their miners: {result}").into());
    }
    if spared != jobs {
        return Err(format!("{jobs} jobs and {spared} outcomes: {result}").into());
    }
    Ok(())
}
