//! Receipts of another validator: fetched from the miners, verified and stored.

use std::fs;
use std::thread;
use std::time::Instant;

use horde_system_tests::{HostOptions, Site};
use serde_json::json;
use tig_bench_report::{Report, Result, Target};

use crate::quantile::median;
use crate::validator::{Network, RECEIPTS_TIME, Validator, run, set};

/// Miners, and executors of each. A job leaves three receipts.
const NETWORK: Network = Network {
    miners: 20,
    executors: 17,
    block_ms: 12_000,
};
const RECEIPTS: u64 = 1_020;
/// Seed of the other validator's hotkey.
const OTHER_SEED: &str = "0x0202020202020202020202020202020202020202020202020202020202020202";
/// Batches of the other validator, each of which is fetched.
const ROUNDS: usize = 3;
/// Time between two rounds over the miners by itself: longer than this takes.
const POLL_MS: u64 = 3_600_000;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let validator = Validator::start(&NETWORK, |options| {
        let keys = json!({ "allow_private": true, "poll_ms": POLL_MS });
        set(options, "horde_receipts", &keys);
    })?;
    validator.wait_for_receipts()?;
    let folder = tempfile::tempdir()?;
    let other = Site::prepare(
        folder.path(),
        validator.site.artifacts().clone(),
        &HostOptions::echo(),
    )?;
    let key = json!({ "secretSeed": OTHER_SEED }).to_string();
    fs::write(folder.path().join("hotkey"), key)?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let host = other.start_host()?;
        let batch = validator.network.arguments();
        run(&other, ("horde_batch", "run_batch"), &batch)?;
        thread::sleep(RECEIPTS_TIME);
        drop(host);
        // The miners sign their receipts when they are first read.
        validator.network.report()?;
        let begin = Instant::now();
        let command = ("horde_receipts", "fetch_receipts");
        let fetched = run(&validator.site, command, &json!({}))?;
        times.push(begin.elapsed().as_secs_f64());
        if fetched["new_receipts"] != RECEIPTS {
            return Err(format!("{RECEIPTS} receipts are new: {fetched}").into());
        }
    }
    let name = format!("{RECEIPTS} receipts of 20 miners by command: fetched, verified, stored");
    report.number(&name, median(&mut times), "s", Target::AtMost(0.3))
}
