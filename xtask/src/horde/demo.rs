//! `cargo xtask horde demo`: the whole ComputeHorde validator with everything around it on loopback, until each of its five
//! functions (section 1.1) has been seen by those outside of it.

mod act;
mod config;
mod judge;
mod look;
mod miner;
mod progress;
mod stage;
mod summary;
mod user_jobs;
mod view;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use horde_system_tests::{Artifacts, EXTENSIONS, LANGUAGE_EXTENSIONS, PROGRAMS};
use serde_json::{Value, json};
use tig_process::signals::StopFlag;
use tig_system_tests::get;

use self::act::Act;
use self::look::Look;
use self::progress::Progress;
use self::stage::{Stage, control};
use self::summary::Summary;
use self::user_jobs::USER_JOBS;
use super::{build, users};
use crate::recording::Recording;
use crate::screen::Screen;
use crate::workspace::Workspace;
use crate::{Result, output, session};

/// Time until all functions are seen, after the build.
const SEEN_S_MAX: u64 = 180;
/// Pause between two looks at the system.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Failed looks in a row: a program that runs and does not answer for this long is stuck.
const FAILED_LOOKS_MAX: u32 = 50;
/// Logs of which the end is shown after a failure.
const LOGS: [&str; 2] = ["horde-devnet", "tig-host"];

/// Settings of the demo.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Run on after the summary, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Have the bucket of answers fail three times in the middle of the batch.
    #[arg(long)]
    faults: bool,
    /// Run what was built before.
    #[arg(long)]
    no_build: bool,
    /// Print the summary as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Write a recording of the screen into this file, as an SVG that plays by itself.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// Builds and runs. At a signal everything that was started ends, and the folder goes.
pub(crate) fn run(options: &Options) -> Result<()> {
    let artifacts = match options.no_build {
        true => Artifacts::in_folder(&Workspace::load()?.target.join("debug"))?,
        false => build(&[&PROGRAMS, &EXTENSIONS, &LANGUAGE_EXTENSIONS])?,
    };
    artifacts.require(&LANGUAGE_EXTENSIONS)?;
    session::run("horde-demo-", false, |folder, stop| {
        run_in(folder, artifacts, options, stop)
    })
}

fn run_in(folder: &Path, artifacts: Artifacts, options: &Options, stop: &StopFlag) -> Result<()> {
    let start = Instant::now();
    let mut stage =
        Stage::start(folder, artifacts).inspect_err(|_| session::show_logs(folder, &LOGS))?;
    let mut watch = Watch {
        start,
        progress: Progress::new(stage.hotkeys(), options.faults),
        screen: Screen::for_stderr(),
        recording: options.record.is_some().then(Recording::default),
        failures: 0,
        stop: stop.clone(),
    };
    let mut watched = watch_functions(&mut stage, &mut watch, options.json);
    if let (Some(recording), Some(path)) = (watch.recording.take(), &options.record) {
        recording.write(path)?;
    }
    if watched.is_ok() && options.keep {
        hint(&stage);
        watched = watch_on(&mut stage, &mut watch);
    }
    if watched.is_err() && stop.reason().is_none() {
        // They may still be writing.
        drop(stage);
        session::show_logs(folder, &LOGS);
        for (function, reason) in &watch.progress.open {
            output::progress(&format!("not seen: {}: {reason}", function.name()));
        }
    }
    watched
}

/// Looks until all functions are seen, and prints the summary.
fn watch_functions(stage: &mut Stage, watch: &mut Watch, json: bool) -> Result<()> {
    loop {
        stage.check_running()?;
        watch.look(stage)?;
        let elapsed = watch.start.elapsed();
        if watch.progress.is_complete() {
            check_protocol(stage)?;
            output::result(&Summary::new(elapsed, &watch.progress).text(json));
            return Ok(());
        }
        if elapsed > Duration::from_secs(SEEN_S_MAX) {
            let count = watch.progress.open.len();
            return Err(format!("{count} functions not seen after {SEEN_S_MAX} s").into());
        }
    }
}

/// Looks on and on. The host may be killed, to see it go on when it is back.
fn watch_on(stage: &mut Stage, watch: &mut Watch) -> Result<()> {
    watch.screen = Screen::for_stderr();
    loop {
        if stage.revive_host()? {
            watch.screen = Screen::for_stderr();
        }
        stage.check_running()?;
        watch.look(stage)?;
    }
}

/// What was seen of the system, and where it is shown.
struct Watch {
    start: Instant,
    progress: Progress,
    screen: Screen,
    recording: Option<Recording>,
    /// Looks that failed in a row.
    failures: u32,
    stop: StopFlag,
}

impl Watch {
    /// Pauses, looks, does what is to be done, and shows it.
    fn look(&mut self, stage: &Stage) -> Result<()> {
        std::thread::sleep(LOOK_INTERVAL);
        if self.stop.reason().is_some() {
            return Err("stopped".into());
        }
        let elapsed = self.start.elapsed();
        match Look::take(stage) {
            Ok(look) => {
                self.failures = 0;
                for act in self.progress.observe(elapsed, look) {
                    perform(stage, &act)?;
                    self.progress.last_act = Some(act.text());
                }
            }
            Err(error) if self.failures == FAILED_LOOKS_MAX => return Err(error),
            Err(_) => self.failures += 1,
        }
        self.progress.memory = stage.memory_mb();
        let progress = &self.progress;
        let frame = || view::frame(elapsed, progress);
        if let Some(recording) = &mut self.recording {
            recording.note(elapsed, frame());
        }
        self.screen.show(elapsed, frame, || view::changes(progress));
        Ok(())
    }
}

fn perform(stage: &Stage, act: &Act) -> Result<()> {
    let miners = &stage.miners;
    match act {
        Act::FailBucket(fault) => {
            let (s3, _) = miners.language()?;
            control(s3.address(), "/-/faults", &json!({ "faults": [fault] }))
        }
        Act::Skip { blocks, .. } => {
            let body = json!({ "blocks": blocks });
            control(&miners.control, "/chain/advance", &body)
        }
        Act::Order => {
            let address = miners.facilitator_address()?;
            for job in &USER_JOBS {
                let answer = users::order(address, &job.body())?;
                if answer.status != 201 {
                    return Err(format!("a job is refused: {}", answer.body.trim()).into());
                }
            }
            Ok(())
        }
    }
}

/// An error if miners or facilitator have seen something against the protocol.
fn check_protocol(stage: &Stage) -> Result<()> {
    let report = stage.miners.report()?;
    let facilitator = stage.miners.facilitator_address()?;
    let facilitator: Value = get(facilitator, "/control/report")?.json()?;
    let reports = report
        .as_array()
        .into_iter()
        .flatten()
        .chain([&facilitator]);
    let violations = reports.filter_map(|report| report["violations"].as_array());
    match violations.flatten().next() {
        Some(violation) => Err(format!("seen against the protocol: {violation}").into()),
        None => Ok(()),
    }
}

fn hint(stage: &Stage) {
    let page = stage
        .miners
        .facilitator
        .as_ref()
        .map(|urls| urls.page.as_str());
    output::progress(&format!(
        "running on until Ctrl-C\n  folder       {}\n  host         http://{}/horde/status\n  facilitator  {}",
        stage.site.folder().display(),
        stage.host_address,
        page.unwrap_or_default()
    ));
}
