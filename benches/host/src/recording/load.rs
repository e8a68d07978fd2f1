//! What recording costs a busy host. Hosts with and without a recording take turns, since the machine may do other things.

use std::time::{Duration, Instant};

use serde_json::json;
use tig_bench_report::{Line, Report, Result, Target, process};

use super::median;
use super::replay::{Replayed, replay};
use crate::site::{Running, Site};

/// Turns of each host.
const ROUNDS_COUNT: usize = 7;

/// Events a second of the fixed load.
const LOAD: u64 = 100_000;

/// Time between two groups of events of the fixed load.
const GROUP_INTERVAL: Duration = Duration::from_millis(1);

/// Events of a group.
const GROUP: u64 = LOAD / 1_000;

/// Groups of a turn.
const GROUPS_COUNT: u64 = 1_500;

/// Events of a turn without pauses.
const RUSH: u64 = 300_000;

/// After this time, what was recorded is in the file.
const WRITTEN: Duration = Duration::from_millis(700);

/// Different payloads.
const PAYLOADS_COUNT: u64 = 4_096;

/// A host whose extension answers each event by another one.
struct Side {
    site: Site,
    host: Running,
    sent: u64,
}

/// What a turn of the fixed load has shown.
struct Turn {
    /// Events handled a second.
    rate: f64,
    /// Processor time of this process for each event, in nanoseconds.
    nanoseconds: f64,
}

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let payloads: Vec<String> = (0..PAYLOADS_COUNT).map(payload).collect();
    let mut off = Side::start(&json!({}))?;
    let mut on = Side::start(&json!({ "record": { "file": "night.rec", "mib_max": 8_192 } }))?;
    let (mut kept, mut costs, mut shares, mut rushes) = (vec![], vec![], vec![], vec![]);
    let mut rates = vec![];
    for _ in 0..ROUNDS_COUNT {
        let (without, with) = (off.paced(&payloads)?, on.paced(&payloads)?);
        kept.push(with.rate / without.rate);
        shares.push(with.nanoseconds / without.nanoseconds);
        costs.push(with.nanoseconds - without.nanoseconds);
        let (without, with) = (off.rush(&payloads)?, on.rush(&payloads)?);
        rushes.push(with / without);
        rates.push(with);
    }
    report.add(&Line {
        name: "events handled while recording, 100,000 published a second",
        value: median(kept.clone())? * LOAD as f64,
        unit: "1/s",
        target: Target::AtLeast(0.97),
        against: Some(("not recording", median(kept)?)),
    })?;
    let nanoseconds = median(costs)?;
    report.number(
        "processor time of recording 100,000 events a second, of one core",
        nanoseconds * LOAD as f64 / 1e9 * 100.0,
        "%",
        Target::AtMost(3.0),
    )?;
    report.add(&Line {
        name: "processor time of the host for a recorded event",
        value: nanoseconds,
        unit: "ns more",
        target: Target::None,
        against: Some(("not recording", median(shares)?)),
    })?;
    report.add(&Line {
        name: "events handled while recording, as many as the host takes",
        value: median(rates)?,
        unit: "1/s",
        target: Target::None,
        against: Some(("not recording", median(rushes)?)),
    })?;
    let Side { site, host, sent } = on;
    if host.stop() != sent {
        return Err("the host has handled other events than were sent".into());
    }
    recorded(report, &replay(&site)?, sent)
}

/// The recording holds every event, and its replay compares each.
fn recorded(report: &mut Report, replayed: &Replayed, sent: u64) -> Result<()> {
    // One call is `new`.
    replayed.check(sent + 1)?;
    report.number(
        "size of a recorded event with a payload of 200 bytes, half of them random",
        replayed.file_bytes as f64 / sent as f64,
        "bytes",
        Target::None,
    )?;
    replayed.report(report, "replay of handlers that emit an event")
}

impl Side {
    fn start(settings: &serde_json::Value) -> Result<Self> {
        let site = Site::with_settings(&[("relay", "relay")], settings)?;
        let host = site.start()?;
        let sent = 0;
        Ok(Self { site, host, sent })
    }

    fn publish(&mut self, payloads: &[String]) {
        let place = self.sent % PAYLOADS_COUNT;
        self.host.publish("ping", &payloads[place as usize]);
        self.sent += 1;
    }

    fn wait(&self) -> Result<()> {
        let sent = self.sent;
        self.host.wait(|host| host.handled_by("relay") >= sent)
    }

    fn paced(&mut self, payloads: &[String]) -> Result<Turn> {
        let own = std::process::id();
        let before = process::processor_time(own)?;
        let first = self.sent;
        let start = Instant::now();
        for group in 0..GROUPS_COUNT {
            for _ in 0..GROUP {
                self.publish(payloads);
            }
            let next = GROUP_INTERVAL * (group as u32 + 1);
            std::thread::sleep(next.saturating_sub(start.elapsed()));
        }
        self.wait()?;
        let events = (self.sent - first) as f64;
        let rate = events / start.elapsed().as_secs_f64();
        std::thread::sleep(WRITTEN);
        let used = process::processor_time(own)?.saturating_sub(before);
        let nanoseconds = used.as_nanos() as f64 / events;
        Ok(Turn { rate, nanoseconds })
    }

    /// Events a second without pauses.
    fn rush(&mut self, payloads: &[String]) -> Result<f64> {
        let start = Instant::now();
        for _ in 0..RUSH {
            self.publish(payloads);
        }
        self.wait()?;
        let seconds = start.elapsed().as_secs_f64();
        std::thread::sleep(WRITTEN);
        Ok(RUSH as f64 / seconds)
    }
}

/// JSON of about 200 bytes, half of them as random as hashes are.
fn payload(number: u64) -> String {
    let mut state = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (id, root) = (draw(), [draw(), draw(), draw(), draw()]);
    let root = root.map(|part| format!("{part:016x}")).concat();
    json!({
        "benchmark_id": format!("{id:016x}"),
        "challenge": "satisfiability",
        "algorithm": "sat_global",
        "difficulty": [50 + number % 7, 300 + number % 11],
        "merkle_root": root,
        "num_nonces": 1_000,
    })
    .to_string()
}
