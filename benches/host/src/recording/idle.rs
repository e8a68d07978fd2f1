//! What recording costs a host that has nothing to do but the host's `update`s.

use std::time::Duration;

use serde_json::{Value, json};
use tig_bench_report::{Report, Result, Target, process};

use crate::process::with_host;
use crate::site::Site;

/// Each handles `update`.
const EXTENSIONS: [(&str, &str); 6] = [
    ("busy_1", "busy"),
    ("busy_2", "busy"),
    ("busy_3", "busy"),
    ("busy_4", "busy"),
    ("busy_5", "busy"),
    ("busy_6", "busy"),
];

/// Time in which hosts settle after their start.
const SETTLED: Duration = Duration::from_secs(2);

/// Time between two updates.
const UPDATE_INTERVAL: Duration = Duration::from_secs(5);

/// How long the hosts are left idle, both at the same time.
const IDLE: Duration = Duration::from_secs(20);

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let off = site(&json!({}))?;
    let on = site(&json!({ "record": { "file": "night.rec" } }))?;
    let mut used = (Duration::ZERO, Duration::ZERO);
    with_host(&off, |off| {
        with_host(&on, |on| {
            std::thread::sleep(SETTLED);
            let time = || -> Result<(Duration, Duration)> {
                Ok((
                    process::processor_time(off.process)?,
                    process::processor_time(on.process)?,
                ))
            };
            let before = time()?;
            std::thread::sleep(IDLE);
            let after = time()?;
            used = (after.0 - before.0, after.1 - before.1);
            Ok(())
        })
    })?;
    let more = used.1.as_secs_f64() - used.0.as_secs_f64();
    report.number(
        "processor time of recording an idle host, of one core",
        more / IDLE.as_secs_f64() * 100.0,
        "%",
        Target::AtMost(1.0),
    )?;
    let replayed = super::replay::replay(&on)?;
    let least = IDLE.as_secs() / UPDATE_INTERVAL.as_secs() * EXTENSIONS.len() as u64;
    if replayed.calls < least {
        let calls = replayed.calls;
        return Err(format!("the recording of an idle host has {calls} calls, not {least}").into());
    }
    replayed.check(replayed.calls)
}

fn site(settings: &Value) -> Result<Site> {
    Site::with_settings(&EXTENSIONS, settings)
}
