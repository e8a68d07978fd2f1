//! What it costs to load and to replace a plugin.

use std::fs;
use std::time::Instant;

use tig_bench_report::{Report, Result, Target};
use tig_host::Outcome;
use tig_host::testing::{Loader, PluginFile};

use crate::process::memory_kb;
use crate::site::{Site, plugin, program};

/// Reloads whose memory is measured.
const RELOADS: u32 = 500;

/// Loads and reloads that are timed.
const TIMED: u32 = 20;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let file = fs::read(plugin("silent")?)?;
    load(report, &file)?;
    reload(report, &file)
}

/// The same code as another version: another file to the host.
fn version(file: &[u8], number: u32) -> Result<Vec<u8>> {
    let old = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"").as_bytes();
    let new = format!(
        "\"version\":\"{}.{}.{}\"",
        number / 100,
        number / 10 % 10,
        number % 10
    );
    let place = file.windows(old.len()).position(|window| window == old);
    let place = place.ok_or("the plugin has no manifest")?;
    if old.len() != new.len() {
        return Err("the version's length has changed".into());
    }
    let mut bytes = file.to_vec();
    bytes[place..place + old.len()].copy_from_slice(new.as_bytes());
    Ok(bytes)
}

fn load(report: &mut Report, file: &[u8]) -> Result<()> {
    let site = Site::new(&[("silent", "silent")])?;
    let loader = Loader::new(site.path("cache"), Some(program()?));
    let mut times = Vec::new();
    for number in 1..=TIMED {
        site.install("silent", &version(file, number)?)?;
        let start = Instant::now();
        loader.load(&PluginFile::read(&site.file("silent"))?)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    report.number(
        "load of a plugin with its trial, median",
        median(&mut times),
        "ms",
        Target::AtMost(20.0),
    )
}

fn reload(report: &mut Report, file: &[u8]) -> Result<()> {
    let site = Site::new(&[("silent", "silent")])?;
    let host = site.start()?;
    let (mut times, mut switches) = (Vec::new(), Vec::new());
    let before = memory_kb(std::process::id(), "RssAnon:")?;
    for number in 1..=RELOADS {
        site.install("silent", &version(file, number)?)?;
        let start = Instant::now();
        // One that the host has noticed by itself is not counted.
        if let Outcome::Reloaded { .. } = host.reload("silent")? {
            times.push(start.elapsed().as_secs_f64() * 1e3);
            let switch = host.control.extensions().remove(0).last_switch_us;
            switches.extend(switch.map(|time| time as f64 / 1e3));
        }
    }
    let grown = memory_kb(std::process::id(), "RssAnon:")?.saturating_sub(before);
    let status = host.control.extensions().remove(0);
    let at_most = Target::AtMost;
    report.number("reload, median", median(&mut times), "ms", at_most(50.0))?;
    let switch = median(&mut switches);
    report.number(
        "of it with events waiting, median",
        switch,
        "ms",
        at_most(1.0),
    )?;
    let each = grown as f64 / status.reloads as f64;
    report.number(
        "anonymous memory per reload, 500 reloads",
        each,
        "KB",
        at_most(100.0),
    )?;
    let code = status.code_bytes as f64 / 1e6;
    report.number("plugin files kept, 500 reloads", code, "MB", Target::None)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
