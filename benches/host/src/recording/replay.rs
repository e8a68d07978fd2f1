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
const ORDERS: u64 = 50_000;

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
    let handled = work(&site)?;
    let replayed = replay(&site)?;
    // One call is `new`.
    replayed.check(handled + 1)?;
    replayed.report(
        report,
        "replay of handlers that store, emit and ask over HTTP",
    )
}

/// Has the extension handle orders and answers; the number of calls.
fn work(site: &Site) -> Result<u64> {
    let url = format!("http://{}/", answers::serve()?);
    let host = site.start()?;
    // The host's `update`s are handled too, which are few.
    for number in 0..ORDERS {
        if number % WAITING == 0 {
            host.wait(|host| host.handled_by("busy") >= number)?;
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
    Ok(host.stop())
}

/// Replays the recording of `site`.
pub(crate) fn replay(site: &Site) -> Result<Replayed> {
    let file = site.path("night.rec");
    let mut seconds = Vec::new();
    let mut found = Value::Null;
    for _ in 0..ROUNDS_COUNT {
        let start = Instant::now();
        let output = Command::new(program()?)
            .args(["replay", "--json", "--plugins"])
            .arg(site.path("plugins"))
            .arg(&file)
            .stdin(Stdio::null())
            .output()?;
        seconds.push(start.elapsed().as_secs_f64());
        found = serde_json::from_slice(&output.stdout).map_err(|error| {
            let reason = String::from_utf8_lossy(&output.stderr).into_owned();
            format!("the replay does not report: {error}: {reason}")
        })?;
    }
    let number = |name: &str| found["calls"][name].as_u64().ok_or("no number of calls");
    Ok(Replayed {
        calls: number("all")?,
        same: number("same")?,
        damage: found["damage"].clone(),
        skipped: found["skipped"].clone(),
        file_bytes: std::fs::metadata(&file)?.len(),
        seconds: median(seconds)?,
    })
}
