//! How fast `tig-host replay` is, from its start to its end.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tig_bench_report::{Report, Result, Target};

use super::{answers, median};
use crate::site::{Site, program};

/// Replays of a recording.
const ROUNDS_COUNT: usize = 3;

/// Orders that are recorded.
const ORDERS: u64 = 20_000;

/// Orders that wait at most.
const WAITING: u64 = 500;

/// Orders of which one asks over HTTP, as the extension has it.
const ORDERS_PER_REQUEST: u64 = 50;

/// By then all requests are answered.
const SETTLED: Duration = Duration::from_secs(1);

/// What a replay has found.
pub(crate) struct Replayed {
    pub(crate) calls: u64,
    pub(crate) file_bytes: u64,
    same: u64,
    damage: Value,
    skipped: Value,
    seconds: f64,
}

impl Replayed {
    /// As many calls were compared, all the same, and nothing is left out.
    pub(crate) fn check(&self, calls: u64) -> Result<()> {
        let is_whole = [&self.damage, &self.skipped]
            .iter()
            .all(|notes| notes["texts"] == json!([]));
        if self.calls == calls && self.same == calls && is_whole {
            return Ok(());
        }
        let (all, same, damage, skipped) = (self.calls, self.same, &self.damage, &self.skipped);
        Err(format!(
            "{calls} calls were made, {all} are replayed and {same} are the same: {damage} {skipped}"
        )
        .into())
    }

    pub(crate) fn report(&self, report: &mut Report, name: &str) -> Result<()> {
        let rate = self.calls as f64 / self.seconds;
        report.number(name, rate, "1/s", Target::AtLeast(50_000.0))
    }
}

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let settings = json!({ "record": { "file": "night.rec", "mib_max": 8_192 } });
    let site = Site::with_settings(&[("busy", "busy")], &settings)?;
    work(&site)?;
    let replayed = replay(&site)?;
    // With `new`, and besides with an update each few seconds.
    let answered = ORDERS.div_ceil(ORDERS_PER_REQUEST);
    replayed.check(replayed.calls.max(ORDERS + answered + 1))?;
    check_decisions(&site, answered)?;
    replayed.report(
        report,
        "replay of handlers that store, emit and ask over HTTP",
    )
}

/// Each order and each answer has had its event, in the recording and in its replay.
fn check_decisions(site: &Site, answered: u64) -> Result<()> {
    let found = run(site, &["--diff", "--all"])?;
    let events = &found["extensions"][0]["consequences"]["events"];
    for (name, count) in [("decision", ORDERS), ("answered", answered)] {
        let both = json!({ "recorded": count, "replayed": count });
        if events[name]["count"] != both {
            let counts = &events[name]["count"];
            return Err(format!("{count} events `{name}` were emitted, not {counts}").into());
        }
    }
    Ok(())
}

/// Has the extension handle orders and answers.
fn work(site: &Site) -> Result<()> {
    let url = format!("http://{}/", answers::serve()?);
    let host = site.start()?;
    // The host's `update`s are handled too, which are few.
    for number in 0..ORDERS {
        if number % WAITING == 0 {
            // With answers, of which few may be on their way.
            let handled = number + number.div_ceil(ORDERS_PER_REQUEST);
            host.wait(|host| host.handled_by("busy") >= handled)?;
        }
        host.publish(
            "order",
            &json!({ "number": number, "url": url }).to_string(),
        );
    }
    let answered = ORDERS.div_ceil(ORDERS_PER_REQUEST);
    host.wait(|host| host.handled_by("busy") >= ORDERS + answered)?;
    // For what came after updates that were counted as answers.
    std::thread::sleep(SETTLED);
    host.stop();
    Ok(())
}

/// Replays the recording of `site`.
pub(crate) fn replay(site: &Site) -> Result<Replayed> {
    let mut seconds = Vec::new();
    let mut found = Value::Null;
    for _ in 0..ROUNDS_COUNT {
        let start = Instant::now();
        found = run(site, &[])?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let number = |name: &str| found["calls"][name].as_u64().ok_or("no number of calls");
    Ok(Replayed {
        calls: number("all")?,
        same: number("same")?,
        damage: found["damage"].clone(),
        skipped: found["skipped"].clone(),
        file_bytes: std::fs::metadata(site.path("night.rec"))?.len(),
        seconds: median(seconds)?,
    })
}

/// Runs `tig-host replay` with `options`; its report.
fn run(site: &Site, options: &[&str]) -> Result<Value> {
    let output = Command::new(program()?)
        .args(["replay", "--json"])
        .args(options)
        .arg("--plugins")
        .arg(site.path("plugins"))
        .arg(site.path("night.rec"))
        .stdin(Stdio::null())
        .output()?;
    let report = serde_json::from_slice(&output.stdout);
    report.map_err(|error| {
        let reason = String::from_utf8_lossy(&output.stderr);
        format!("the replay does not report: {error}: {reason}").into()
    })
}
