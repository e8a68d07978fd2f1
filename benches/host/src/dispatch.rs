//! How fast events reach handlers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tig_bench_report::{Report, Result, Target};

use crate::site::{Running, Site, Sorted};

/// Extensions that get each event, and the one that emits it.
const EXTENSIONS: [(&str, &str); 6] = [
    ("burst", "burst"),
    ("silent_1", "silent"),
    ("silent_2", "silent"),
    ("silent_3", "silent"),
    ("silent_4", "silent"),
    ("silent_5", "silent"),
];

/// Extensions that get each event.
const SUBSCRIBERS: u64 = 5;

/// Events of a measurement.
const EVENTS: u64 = 1_000_000;

/// Events that one transaction emits.
const BURST: u64 = 1_000;

/// Events whose way is timed, one every millisecond.
const TIMED: usize = 3_000;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    deliveries(report)?;
    large(report)?;
    emits(report)?;
    latency(report)
}

fn deliveries(report: &mut Report) -> Result<()> {
    let site = Site::new(&EXTENSIONS)?;
    let host = site.start()?;
    let seconds = handled(&host, EVENTS * SUBSCRIBERS, || {
        for burst in 0..EVENTS / BURST {
            // The next burst is under way while this one is handled, but not so many that mailboxes are full.
            host.wait(|host| host.handled_by("silent_1") + 20 * BURST >= burst * BURST)?;
            host.publish("burst", &BURST.to_string());
        }
        Ok(())
    })?;
    report.number(
        "deliveries to empty handlers, 1,000 events a transaction, five extensions",
        (EVENTS * SUBSCRIBERS) as f64 / seconds,
        "1/s",
        Target::AtLeast(5_000_000.0),
    )
}

/// Events that are emitted one by one, with a payload as long as a block.
fn large(report: &mut Report) -> Result<()> {
    let site = Site::new(&EXTENSIONS)?;
    let host = site.start()?;
    let payload = format!("\"{}\"", "0".repeat(300_000));
    let events = 5_000;
    let seconds = handled(&host, events * SUBSCRIBERS, || {
        for _ in 0..events {
            host.publish("ping", &payload);
        }
        Ok(())
    })?;
    report.number(
        "a 300 KB event to five extensions",
        seconds / events as f64 * 1e6,
        "us",
        Target::None,
    )
}

/// Seconds from before `publish` until the extensions have handled so many pings.
fn handled(host: &Running, pings: u64, publish: impl FnOnce() -> Result<()>) -> Result<f64> {
    let silent = |host: &Running| host.handled() - host.handled_by("burst");
    let before = silent(host);
    let start = Instant::now();
    publish()?;
    host.wait(|host| silent(host) >= before + pings)?;
    Ok(start.elapsed().as_secs_f64())
}

fn emits(report: &mut Report) -> Result<()> {
    let site = Site::new(&[("relay", "relay"), ("silent", "silent")])?;
    let host = site.start()?;
    let start = Instant::now();
    for _ in 0..EVENTS {
        host.publish("ping", "{}");
    }
    // `silent` handles pings too.
    host.wait(|host| host.handled_by("silent") >= 2 * EVENTS)?;
    report.number(
        "transactions that each emit one event",
        EVENTS as f64 / start.elapsed().as_secs_f64(),
        "1/s",
        Target::AtLeast(500_000.0),
    )
}

fn latency(report: &mut Report) -> Result<()> {
    let site = Site::new(&[("timed", "timed")])?;
    let host = site.start()?;
    for _ in 0..TIMED {
        std::thread::sleep(Duration::from_millis(1));
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        host.publish("timed", &now.to_string());
    }
    let nanoseconds = Sorted::get(&host, "/latencies")?;
    let mut line = |name, value, target| report.number(name, value, "us", target);
    line(
        "emit to handler, median",
        nanoseconds.micros(0.5),
        Target::None,
    )?;
    line(
        "emit to handler, p99",
        nanoseconds.micros(0.99),
        Target::AtMost(1_000.0),
    )
}
