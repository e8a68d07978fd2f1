//! How fast small transactions get to disk, and whether that depends on what is there already.

use std::time::Instant;

use tig_bench_report::{Report, Result, Target};

use crate::site::{Running, Site};

/// Records in the store before each measurement.
const SIZES: [u64; 4] = [10, 1_000, 100_000, 1_000_000];

/// Records that are stored in one transaction while the store is filled.
const FILL: u64 = 10_000;

/// Small transactions that are measured.
const WRITES: u64 = 20_000;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let site = Site::new(&[("writer", "writer"), ("silent", "silent")])?;
    let host = site.start()?;
    let mut stored = 0;
    for size in SIZES {
        fill(&host, &mut stored, size)?;
        let rate = writes(&host, &mut stored)?;
        let name = format!("durable transactions, {size} records stored");
        report.number(&name, rate, "1/s", Target::AtLeast(5_000.0))?;
        one_at_a_time(report, &host, &mut stored, size)?;
    }
    Ok(())
}

fn fill(host: &Running, stored: &mut u64, size: u64) -> Result<()> {
    while *stored < size {
        let to = size.min(*stored + FILL);
        let before = host.handled_by("silent");
        host.publish("fill", &format!("[{stored},{to}]"));
        host.wait(|host| host.handled_by("silent") > before)?;
        *stored = to;
    }
    Ok(())
}

fn writes(host: &Running, stored: &mut u64) -> Result<f64> {
    let before = host.handled_by("silent");
    let start = Instant::now();
    for number in *stored..*stored + WRITES {
        host.publish("write", &number.to_string());
    }
    *stored += WRITES;
    host.wait(|host| host.handled_by("silent") >= before + WRITES)?;
    Ok(WRITES as f64 / start.elapsed().as_secs_f64())
}

/// Time from a write's event to the event that follows it: one wait for the disk.
fn one_at_a_time(report: &mut Report, host: &Running, stored: &mut u64, size: u64) -> Result<()> {
    const ROUNDS: u64 = 100;
    let start = Instant::now();
    for _ in 0..ROUNDS {
        let before = host.handled_by("silent");
        host.publish("write", &stored.to_string());
        *stored += 1;
        host.wait(|host| host.handled_by("silent") > before)?;
    }
    let name = format!("a durable transaction on its own, {size} records stored");
    report.number(
        &name,
        start.elapsed().as_secs_f64() / ROUNDS as f64 * 1e3,
        "ms",
        Target::None,
    )
}
