//! `cargo xtask demo`: network, host and slave on loopback until a proof is confirmed for each challenge; with `--faults`, in
//! spite of a slave that lies and one that dies.

mod faults;
mod progress;
mod summary;
mod view;

use std::path::Path;
use std::time::{Duration, Instant};

use tig_process::signals::StopFlag;
use tig_system_tests::{
    Artifacts, BadSlaves, DevnetStatus, HONEST, Job, LIAR, MORTAL, MasterOptions, Pace, Site,
    SlaveStats, Stack, Trust,
};

use self::faults::Faults;
use self::progress::{Progress, Verdict};
use crate::screen::Screen;
use crate::workspace::Workspace;
use crate::{Result, build, output, session};

/// Time for all proofs, after the build.
const PROOFS_S_MAX: u64 = 180;
/// Pause between two looks at the system.
const LOOK_INTERVAL_MS: u64 = 200;
/// Failed looks in a row: a program that runs and does not answer for this long is stuck.
const LOOKS_FAILED_MAX: u32 = 50;
/// Logs of which the end is shown after a failure.
const LOGS: [&str; 5] = ["tig-devnet", "tig-host", "tig-slave", LIAR, MORTAL];
/// Nonces that the slave computes at the same time.
const WORKERS: usize = 2;
/// With bad slaves: time for a batch, so that one that is left behind soon goes to another slave.
const FAULTS_LEASE_MS: u64 = 5_000;

/// Settings of the demo.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Run on after the summary, until Ctrl-C; the folder stays.
    #[arg(long)]
    keep: bool,
    /// Start two more slaves: one whose results are wrong, and one that is killed in the middle of a batch.
    #[arg(long)]
    faults: bool,
    /// Run what was built before.
    #[arg(long)]
    no_build: bool,
    /// Print the summary as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Milliseconds between the blocks of the network.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(100..))]
    block_ms: u64,
}

/// Builds and runs. At a signal everything that was started ends, and the folder goes.
pub(crate) fn run(options: &Options) -> Result<()> {
    let artifacts = if options.no_build {
        Artifacts::in_target(&Workspace::load()?.target)?
    } else {
        output::progress("building programs, plugins and algorithms");
        build::everything(&Workspace::load()?)?
    };
    session::run("tig-demo-", options.keep, |folder, stop| {
        run_in(folder, artifacts, options, stop)
    })
}

fn run_in(folder: &Path, artifacts: Artifacts, options: &Options, stop: &StopFlag) -> Result<()> {
    let site = Site::prepare(folder, artifacts)?;
    site.add_dashboard()?;
    let master = master_options(options.faults);
    let start = Instant::now();
    let pace = Pace {
        block_ms: options.block_ms,
        workers: WORKERS,
    };
    let mut stack =
        Stack::start(site, &master, pace).inspect_err(|_| session::show_logs(folder, &LOGS))?;
    output::progress(&format!(
        "network http://{}, host http://{}, folder {}",
        stack.devnet_address,
        stack.host_address,
        folder.display()
    ));
    let bad = options
        .faults
        .then(|| BadSlaves::start(&stack.site, &stack.host_address));
    let mut watch = Watch::new(&master, start, bad.transpose()?, stop.clone());
    let mut watched = watch_proofs(&mut stack, &mut watch, options.json);
    if watched.is_ok() && options.keep {
        hint(&stack);
        watched = watch_on(&mut stack, &master, &mut watch);
    }
    if watched.is_err() && !watch.is_stopped() {
        // They may still be writing.
        drop((stack, watch));
        session::show_logs(folder, &LOGS);
    }
    watched
}

/// Beside bad slaves, the honest one computes everything that others say it should be.
fn master_options(faults: bool) -> MasterOptions {
    let usual = MasterOptions {
        dashboard: true,
        ..MasterOptions::default()
    };
    if !faults {
        return usual;
    }
    MasterOptions {
        trust: Trust::In(HONEST),
        lease_ms: Some(FAULTS_LEASE_MS),
        ..usual
    }
}

/// Looks until everything wanted is seen, and prints the summary.
fn watch_proofs(stack: &mut Stack, watch: &mut Watch, json: bool) -> Result<()> {
    loop {
        stack.check_running()?;
        match watch.look(stack)? {
            Verdict::Proved(summary) => {
                output::result(&summary.text(json));
                return Ok(());
            }
            Verdict::Open(missing) if watch.start.elapsed() > Duration::from_secs(PROOFS_S_MAX) => {
                return Err(format!("missing after {PROOFS_S_MAX} s: {missing}").into());
            }
            Verdict::Open(_) => {}
        }
    }
}

/// Looks on and on. The host may be killed, to see it go on with its jobs when it is back.
fn watch_on(stack: &mut Stack, master: &MasterOptions, watch: &mut Watch) -> Result<()> {
    watch.screen = Screen::for_stderr();
    loop {
        if let Err(ended) = stack.host.check_running() {
            output::progress(&format!("{ended}\nstarting tig-host again"));
            stack.restart_host(master)?;
            watch.screen = Screen::for_stderr();
        }
        stack.check_running()?;
        watch.look(stack)?;
    }
}

/// What was seen of the system, and where it is shown.
struct Watch {
    start: Instant,
    bad: Option<BadSlaves>,
    progress: Progress,
    screen: Screen,
    /// Looks that failed in a row.
    failures: u32,
    stop: StopFlag,
}

impl Watch {
    fn new(master: &MasterOptions, start: Instant, bad: Option<BadSlaves>, stop: StopFlag) -> Self {
        let faults = bad.is_some().then(Faults::default);
        Self {
            start,
            bad,
            progress: Progress::new(master.algorithms.keys().copied(), faults),
            screen: Screen::for_stderr(),
            failures: 0,
            stop,
        }
    }

    /// Whether a signal has asked for the end. Ctrl-C reaches the processes too: what looks like a failure is only their end.
    fn is_stopped(&self) -> bool {
        std::thread::sleep(Duration::from_millis(LOOK_INTERVAL_MS));
        self.stop.reason().is_some()
    }

    /// Pauses, looks, shows and judges; a fraud is an error.
    fn look(&mut self, stack: &Stack) -> Result<Verdict> {
        if self.is_stopped() {
            return Err("stopped".into());
        }
        let elapsed = self.start.elapsed();
        let left_behind = self.bad.as_mut().and_then(BadSlaves::kill_at_work);
        match observe(stack) {
            Ok((status, jobs, slaves)) => {
                self.progress
                    .observe(elapsed, &status, &jobs, slaves, left_behind);
                self.failures = 0;
            }
            Err(error) if self.failures == LOOKS_FAILED_MAX => return Err(error),
            Err(_) => self.failures += 1,
        }
        let progress = &self.progress;
        let frame = || view::frame(elapsed, progress);
        self.screen.show(elapsed, frame, || view::changes(progress));
        match self.progress.fraud() {
            Some(text) => Err(text.into()),
            None => Ok(self.progress.verdict()),
        }
    }
}

fn observe(stack: &Stack) -> Result<(DevnetStatus, Vec<Job>, SlaveStats)> {
    Ok((stack.status()?, stack.jobs()?, stack.slaves()?))
}

fn hint(stack: &Stack) {
    let folder = stack.site.folder().display();
    let (host, token) = (&stack.host_address, stack.site.operator_token_file());
    let token = token.display();
    let plugins = stack.site.plugin_folder();
    let plugins = plugins.display();
    output::progress(&format!(
        "running on until Ctrl-C\n  page     http://{host}/operator/ (token for control: {token})\n  \
         folder   {folder}\n  plugins  {plugins}\n\
         to replace one while it runs, change plugins/precommit-manager, then\n  \
         cargo build -p precommit-manager && cp target/debug/libprecommit_manager.so {plugins}/"
    ));
}
