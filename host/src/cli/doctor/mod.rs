//! `tig-host doctor`: looks at everything that can keep a host from its work, and says what to do about each.
//!
//! Invariant: nothing is changed. What needs a trial (room on the disk, a port, the extensions' own view of the network) is tried
//! with a file that is removed, a port that is closed again, and a host that only observes, see [`observer`].

mod api;
mod clock;
mod conditions;
mod disk;
mod files;
mod finding;
mod limits;
mod listener;
pub(super) mod observer;
mod running;
mod trial;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use self::finding::Report;
pub(super) use self::finding::{Finding, Level};
use self::running::Running;
use super::check::Findings;
use crate::config::{Config, Overrides};
use crate::error::HostError;
use crate::exit_code;

/// What is to be looked at.
#[derive(Args, Debug)]
pub(super) struct DoctorArguments {
    /// The config file
    #[arg(default_value = "config.json")]
    config: PathBuf,
    /// Print JSON, at the end
    #[arg(long)]
    json: bool,
    /// Look at this machine only: ask no API, and start no extension
    #[arg(long)]
    offline: bool,
    /// Longest time to watch the extensions in a trial run
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    wait: u64,
}

/// Looks at everything, prints what was found, and returns the exit code.
///
/// # Errors
///
/// The operating system refuses what doctor itself needs.
pub(super) fn doctor(arguments: &DoctorArguments) -> Result<ExitCode, HostError> {
    let mut report = Report::new(arguments.json);
    examine(arguments, &mut report)?;
    report.finish(&arguments.config);
    Ok(match report.has_failure() {
        true => exit_code::FAULTS.into(),
        false => ExitCode::SUCCESS,
    })
}

/// What can be found without the network and without starting anything, for a support bundle.
///
/// # Errors
///
/// As for [`doctor`].
pub(super) fn look_offline(config: &Path) -> Result<Vec<Finding>, HostError> {
    let arguments = DoctorArguments {
        config: config.to_owned(),
        json: true,
        offline: true,
        wait: 1,
    };
    let mut report = Report::new(true);
    examine(&arguments, &mut report)?;
    Ok(report.findings().to_vec())
}

fn examine(arguments: &DoctorArguments, report: &mut Report) -> Result<(), HostError> {
    report.progress("config and plugin files ..");
    let Some((config, is_sound)) = read(&arguments.config, report)? else {
        report.extend(limits::machine(0));
        return Ok(());
    };
    let running = Running::find(&config.backup_folder);
    report.extend(files::secrets(&config));
    report.extend(running.findings());
    report.extend(listener::findings(&config, running.address()));
    report.progress("disk ..");
    report.extend(disk::findings(&config));
    report.extend(files::store(&config, running.is_running()));
    report.extend(limits::process(running.pid()));
    report.extend(limits::machine(config.extensions.len()));
    report.extend(limits::inotify(&config.plugin_folder));
    if !arguments.offline {
        report.progress("API ..");
        report.extend(api::findings(&config)?);
    }
    if running.is_running() {
        report.extend(running.conditions());
    } else if !arguments.offline && is_sound {
        let wait = Duration::from_secs(arguments.wait);
        let watched = trial::watch(&arguments.config, wait, |text| report.progress(text));
        report.extend(conditions::of_trial(watched));
    }
    Ok(())
}

/// The config with its whole identity, and whether a host could start with it; `None` if it cannot be read.
fn read(path: &Path, report: &mut Report) -> Result<Option<(Config, bool)>, HostError> {
    let found = match Findings::collect(path) {
        Ok(found) => found,
        Err(HostError::Config(error)) => {
            let remedy = "correct the file, or write one by `tig-host init`";
            report.add(Finding::fail("config", error.to_string(), remedy));
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    report.extend(files::config(path, &found));
    let Ok(config) = Config::load(path, Overrides::default()) else {
        return Ok(None);
    };
    let manifests = found.sound.iter().map(|(_, file)| &file.manifest);
    let (config, _) = config.completed(manifests);
    let is_sound = found.config_faults.is_empty() && found.plugin_faults.is_empty();
    Ok(Some((config, is_sound)))
}
