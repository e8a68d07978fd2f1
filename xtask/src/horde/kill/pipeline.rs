//! Kills at random moments of pools of prompts.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use horde_system_tests::{Artifacts, KILL_AFTER_MAX, Pipeline};

use super::Options;
use crate::{Result, output};

/// Pools at the same time: each waits most of its time, since a station whose job was cut pauses for half a minute.
const POOLS: usize = 8;
/// Kills of the host of a pool: one while nothing was cut yet, and one while it recovers.
const KILLS: usize = 2;
/// Pools between two lines of progress.
const REPORT_POOLS: usize = 10;

/// What became of the runs.
#[derive(Default)]
struct Account {
    done: usize,
    bad: usize,
}

/// Kills again and again. All pools are run, whatever comes of the earlier ones.
pub(super) fn run(artifacts: &Artifacts, options: &Options) -> Result<()> {
    let mut random = fastrand::Rng::with_seed(options.seed);
    let limit_us = u64::try_from(KILL_AFTER_MAX.as_micros())?;
    let mut draw = || Duration::from_micros(random.u64(0..limit_us));
    let pools = options.runs.div_ceil(KILLS as u64);
    let moments = (0..pools).map(|_| [(); KILLS].map(|()| draw()));
    let waiting: Vec<_> = moments.enumerate().collect();
    let (waiting, account) = (Mutex::new(waiting), Mutex::new(Account::default()));
    let next = || waiting.lock().ok()?.pop();
    thread::scope(|scope| {
        for _ in 0..POOLS {
            scope.spawn(|| {
                while let Some((number, moments)) = next() {
                    let faults = run_once(artifacts, &moments)
                        .unwrap_or_else(|error| vec![format!("no end: {error}")]);
                    note(&account, number, &moments, &faults);
                }
            });
        }
    });
    let account = account
        .into_inner()
        .map_err(|_| "a run has ended in a panic")?;
    if account.bad > 0 {
        let bad = account.bad;
        return Err(format!("kills have cost {bad} of {pools} pools something").into());
    }
    output::result(&format!(
        "{} kills: each pool fills again, no workload is lost, no sample is used twice, no object is left that no record names, no miner is blamed",
        account.done * KILLS
    ));
    Ok(())
}

fn run_once(artifacts: &Artifacts, moments: &[Duration]) -> Result<Vec<String>> {
    let folder = tempfile::Builder::new().prefix("horde-kill-").tempdir()?;
    Ok(Pipeline::kill_at(artifacts, folder.path(), moments)?)
}

fn note(account: &Mutex<Account>, number: usize, moments: &[Duration], faults: &[String]) {
    let Ok(mut account) = account.lock() else {
        return;
    };
    account.done += 1;
    if account.done.is_multiple_of(REPORT_POOLS) {
        output::progress(&format!("{} kills", account.done * KILLS));
    }
    if !faults.is_empty() {
        for fault in faults {
            output::progress(&format!("pool {number}, killed after {moments:?}: {fault}"));
        }
        account.bad += 1;
    }
}
