//! Users' jobs, and what the validator needs while there are none.

use std::thread;
use std::time::Duration;

use serde_json::json;
use tig_bench_report::{Report, Result, Target, process};

use crate::miners::times_us;
use crate::orders::Orders;
use crate::quantile::{median, quantile};
use crate::validator::{MINERS, Network, Validator, set};

const NETWORK: Network = Network {
    miners: MINERS,
    executors: 2,
    block_ms: 12_000,
};
/// Milliseconds between two looks for a block.
const POLL_MS: u64 = 4_000;
/// How long the idle validator is watched: the receipts of all miners are asked for once in it.
const IDLE: Duration = Duration::from_secs(60);
/// Jobs that are ordered one after another.
const JOBS: usize = 200;
/// Jobs that are ordered at once.
const AT_ONCE: usize = 200;

/// Measures an idle validator, jobs one after another, jobs at once, and jobs that are under way.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let validator = Validator::start(&NETWORK, |options| {
        set(options, "horde_chain", &json!({ "poll_ms": POLL_MS }));
        set(options, "horde_receipts", &json!({ "allow_private": true }));
    })?;
    // As it is after a cycle: miners are chosen by the manifests that they have shown.
    validator.run_batch()?;
    measure_idle(report, &validator)?;
    let orders = Orders::new(&validator)?;
    measure_in_turn(report, &validator, &orders)?;
    measure_at_once(report, &validator, &orders)?;
    measure_under_way(report, &validator, &orders)
}

fn measure_idle(report: &mut Report, validator: &Validator) -> Result<()> {
    validator.wait_for_receipts()?;
    let host = validator.host.id();
    let begin = process::processor_time(host)?;
    thread::sleep(IDLE);
    let used = process::processor_time(host)?.saturating_sub(begin);
    let percent = 100.0 * used.as_secs_f64() / IDLE.as_secs_f64();
    let name = "idle, 256 miners, a look for a block every 4 s: processor";
    report.number(name, percent, "% of a core", Target::AtMost(1.0))?;
    let memory = process::memory(host)?;
    report.number("idle: memory", memory, "MB", Target::AtMost(60.0))
}

fn measure_in_turn(report: &mut Report, validator: &Validator, orders: &Orders) -> Result<()> {
    for _ in 0..JOBS {
        orders.order_one()?;
    }
    let jobs = orders.jobs()?;
    let first_us = jobs.first().map_or(0, |job| job.ordered_us);
    let mut reservations = times_us(&validator.network.report()?, "reservation");
    reservations.retain(|at_us| *at_us >= first_us);
    let since_order = |at_us: i64, ordered_us: i64| (at_us - ordered_us) as f64 / 1_000.0;
    // Each job was over before the next one was ordered.
    let mut to_reservation: Vec<f64> = jobs
        .iter()
        .zip(&reservations)
        .map(|(job, at_us)| since_order(*at_us, job.ordered_us))
        .collect();
    let completed = jobs.iter().filter_map(|job| {
        let at_us = job.completed_us?;
        Some(since_order(at_us, job.ordered_us))
    });
    let mut to_completed: Vec<f64> = completed.collect();
    let mut line = |what: &str, number: f64, most: f64, before: &str| {
        let name = format!("jobs one after another: request to {what} (before: {before} ms)");
        report.number(&name, number, "ms", Target::AtMost(most))
    };
    let p50 = median(&mut to_reservation);
    line("reservation, median", p50, 8.0, "5.5")?;
    let p99 = quantile(&mut to_reservation, 0.99);
    line("reservation, p99", p99, 20.0, "104")?;
    line("completed, median", median(&mut to_completed), 15.0, "8.7")
}

fn measure_at_once(report: &mut Report, validator: &Validator, orders: &Orders) -> Result<()> {
    let before = orders.jobs()?.len();
    orders.order_at_once(AT_ONCE)?;
    let jobs = orders.wait_for(before, |job| job.completed_us.is_some())?;
    let mut ordered: Vec<i64> = jobs.iter().map(|job| job.ordered_us).collect();
    ordered.sort_unstable();
    let first_us = *ordered.first().ok_or("no job was ordered")?;
    let since_first = |at_us: i64| (at_us - first_us) as f64 / 1_000.0;
    let last_order = ordered.iter().copied().map(since_first).fold(0.0, f64::max);
    let completed = jobs.iter().filter_map(|job| job.completed_us);
    let last_end = completed.map(since_first).fold(0.0, f64::max);
    let mut reservations = times_us(&validator.network.report()?, "reservation");
    reservations.retain(|at_us| *at_us >= first_us);
    if reservations.len() < ordered.len() {
        return Err("miners have seen fewer reservations than jobs were ordered".into());
    }
    reservations.sort_unstable();
    // Miners do not see the user's uuid, so the first reservation counts for the first request, and so on: as jobs have the same
    // way to go, this changes which job is late, and not how late they are.
    let waits = reservations.iter().zip(&ordered);
    let mut waits: Vec<f64> = waits
        .map(|(at_us, ordered_us)| (at_us - ordered_us) as f64 / 1_000.0)
        .collect();
    let mut reservations: Vec<f64> = reservations.into_iter().map(since_first).collect();
    let mut line = |what: &str, number: f64, target: Target| {
        let name = format!("{AT_ONCE} jobs at once: {what}");
        report.number(&name, number, "ms", target)
    };
    line("first to last request", last_order, Target::None)?;
    let p50 = median(&mut reservations);
    line("first request to reservation, median", p50, Target::None)?;
    let what = "request to reservation, median (before: 742 ms)";
    line(what, median(&mut waits), Target::AtMost(60.0))?;
    let what = "first request to all completed (before: 1229 ms)";
    line(what, last_end, Target::AtMost(500.0))
}

fn measure_under_way(report: &mut Report, validator: &Validator, orders: &Orders) -> Result<()> {
    let before = orders.jobs()?.len();
    validator.set_vices(&["slow-result:60000"])?;
    orders.order_at_once(AT_ONCE)?;
    let jobs = orders.wait_for(before, |job| job.is_accepted)?;
    if jobs.iter().any(|job| job.completed_us.is_some()) {
        return Err("jobs that should be under way are over".into());
    }
    let memory = process::memory(validator.host.id())?;
    let name = format!("{AT_ONCE} jobs under way: memory (before: 179 MB for this part alone)");
    report.number(&name, memory, "MB", Target::AtMost(80.0))
}
