//! `cargo xtask horde batch`: 20 miners, ten of which misbehave, and extensions that are replaced in the middle.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use horde_system_tests::{
    Artifacts, Call, HostOptions, Line, Miners, MinersOptions, Site, other_version,
};
use serde_json::{Value, json};
use tig_process::output::table;

use super::columns::{SPARED, number, rows, sum};
use crate::{Result, output};

/// Number of miners; the first ones misbehave.
const MINERS: usize = 20;
/// Executors of each.
const EXECUTORS: u32 = 2;
/// What is wrong with the first ten miners.
const VICES: [&str; 10] = [
    "refuses",
    "declines",
    "silent-when-busy",
    "fails-to-prepare",
    "failed-after-ready",
    "finished-before-run",
    "wrong-answer",
    "twice",
    "drops-once:accept",
    "slow:800",
];
/// Vices that cost nothing: these miners are right in the end.
const HARMLESS: [&str; 4] = ["silent-when-busy", "twice", "drops-once:accept", "slow:800"];
/// What is replaced while jobs are under way: a job kind, and the driver of all jobs.
const REPLACED: [&str; 2] = ["horde_job_hash", "horde_miners"];
/// Time for the reloads to be seen in the log after the batch.
const RELOADS_MAX: Duration = Duration::from_secs(20);

/// Settings of the run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Keep the folder with logs and store.
    #[arg(long)]
    keep: bool,
}

/// Runs the batch.
pub(super) fn run(artifacts: Artifacts, options: &Options) -> Result<()> {
    let mut folder = tempfile::Builder::new().prefix("horde-batch-").tempdir()?;
    folder.disable_cleanup(options.keep);
    let host_options = HostOptions {
        batch: json!({ "manifest_timeout_ms": 8_000, "spin_up_seconds": { "spin_up-4min.gpu-24gb": 6 } }),
        miners: json!({ "first_attempts_max": 2, "manifest_ms": 8_000, "run_grace_ms": 2_000 }),
        ..HostOptions::default()
    };
    let site = Site::prepare(folder.path(), artifacts, &host_options)?;
    let vice = |(index, vice): (usize, &&str)| format!("{index}={vice}");
    let network = MinersOptions {
        miners: MINERS,
        executors: EXECUTORS,
        instant: false,
        vices: VICES.iter().enumerate().map(vice).collect(),
        chain: None,
        language: None,
    };
    let miners = Miners::start(site.artifacts(), folder.path(), &network)?;
    let host = site.start_host()?;
    output::progress(&format!(
        "{MINERS} miners and a host run in {}",
        folder.path().display()
    ));
    let result = run_batch(&site, &miners)?;
    let is_reloaded = wait_for_reloads(|| host.log());
    if options.json {
        output::result(&result.to_string());
    } else {
        show(&result);
    }
    judge(&result, &miners, is_reloaded)
}

/// Runs the batch; when jobs are under way, a job kind and their driver are replaced by other builds.
fn run_batch(site: &Site, miners: &Miners) -> Result<Value> {
    let mut call = Call::start(site, ("horde_batch", "run_batch"), &miners.arguments())?;
    let mut is_replaced = false;
    while let Some(line) = call.next_line()? {
        match line {
            Line::Started(_) => {}
            Line::Progress(text) => {
                output::progress(&text);
                if text.starts_with("running") && !is_replaced {
                    is_replaced = true;
                    replace(site)?;
                }
            }
            Line::Finished { code: 0, value } => return Ok(value),
            Line::Finished { code, value } => {
                return Err(format!("the batch has ended with code {code}: {value}").into());
            }
            Line::Error(text) => return Err(text.into()),
        }
    }
    Err("the call has ended without a result".into())
}

fn replace(site: &Site) -> Result<()> {
    output::progress("replacing horde_job_hash and horde_miners by other builds");
    for extension in REPLACED {
        let library = site.extension(extension);
        let other = other_version(&fs::read(&library)?).ok_or("the library names no version")?;
        fs::write(&library, other)?;
        let mut reload = site.ask_host(&["reload", extension]);
        if !reload.stdout(Stdio::null()).status()?.success() {
            return Err(format!("{extension} is not reloaded").into());
        }
    }
    Ok(())
}

/// Whether both extensions were reloaded, by the host's log.
fn wait_for_reloads(log: impl Fn() -> String) -> bool {
    let begin = Instant::now();
    loop {
        let text = log();
        let of = |name: &str| {
            let mut lines = text.lines();
            lines.any(|line| line.contains("extension reloaded") && line.contains(name))
        };
        let is_reloaded = REPLACED.iter().all(|name| of(name));
        if is_reloaded || begin.elapsed() > RELOADS_MAX {
            return is_reloaded;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn show(result: &Value) {
    let head = ["MINER", "VICE", "JOBS", "RIGHT", "SCORE", "WHY"];
    let mut table_rows = vec![head.map(str::to_owned).to_vec()];
    let miners = result["miners"].as_array().into_iter().flatten();
    for (index, miner) in miners.enumerate() {
        let class = &miner["classes"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let why = match miner["no_link"].as_str() {
            Some(reason) => reason.to_owned(),
            None => text(&class["reason"]),
        };
        table_rows.push(vec![
            index.to_string(),
            VICES.get(index).unwrap_or(&"-").to_string(),
            number(class, "jobs").to_string(),
            number(class, "right").to_string(),
            format!("{:.3}", class["score"].as_f64().unwrap_or_default()),
            why.chars().take(90).collect(),
        ]);
    }
    table(&table_rows);
    output::result(&format!(
        "{} of {} jobs right",
        sum(result, "right"),
        sum(result, "jobs")
    ));
}

/// What must hold: honest miners are right, and nothing is lost or done against the protocol.
fn judge(result: &Value, miners: &Miners, is_reloaded: bool) -> Result<()> {
    let mut faults = Vec::new();
    if !is_reloaded {
        faults.push("the log does not show two reloads".to_owned());
    }
    for (index, miner) in result["miners"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let is_harmless = VICES.get(index).is_none_or(|vice| HARMLESS.contains(vice));
        let right = number(&miner["classes"][0], "right");
        if is_harmless && right != u64::from(EXECUTORS) {
            faults.push(format!(
                "miner {index} is right {right} times, not {EXECUTORS}"
            ));
        }
        if !is_harmless && right > 0 {
            faults.push(format!("miner {index} is right in spite of its vice"));
        }
    }
    for (_, class) in rows(result) {
        let columns = SPARED.iter().chain(&super::columns::BLAME);
        let outcomes: u64 = columns.map(|column| number(class, column)).sum();
        if outcomes != number(class, "jobs") {
            faults.push(format!(
                "{outcomes} outcomes of {} jobs",
                number(class, "jobs")
            ));
        }
    }
    let report = miners.report()?;
    let violations = |miner: &Value| miner["violations"].as_array().map_or(0, Vec::len);
    let violations: usize = report
        .as_array()
        .into_iter()
        .flatten()
        .map(violations)
        .sum();
    if violations > 0 {
        faults.push(format!(
            "the miners have seen {violations} violations of the protocol"
        ));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(faults.join("; ").into())
}
