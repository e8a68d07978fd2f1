//! `tig-host replay`: repeats what a recording holds, and says what is different.

mod moment;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tig_process::progress::StatusLine;
use tig_recording::series;

use self::moment::parse_moment;
use super::output;
use crate::config::folder_of_executable;
use crate::error::HostError;
use crate::exit_code;
use crate::plugin::PluginFile;
use crate::replay::report::html::write_page;
use crate::replay::report::json::JsonReport;
use crate::replay::report::text::text_lines;
use crate::replay::report::{Report, ReportSettings};
use crate::replay::{self, Candidate, Progress, ReplaySettings, Window};

/// A replay that is done sooner shows no progress.
const PROGRESS_DELAY: Duration = Duration::from_secs(1);

/// What is to be replayed.
#[derive(Args, Debug)]
pub(super) struct ReplayArguments {
    /// The recording; its earlier parts FILE.1, FILE.2 .. are replayed before it. Several files are replayed in their order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Folder with plugin files, may be given several times; without one, plugins beside this program
    #[arg(long, value_name = "FOLDER")]
    plugins: Vec<PathBuf>,
    /// Plugin file that takes the place of the recorded versions of its extension
    #[arg(long, value_name = "PLUGIN")]
    with: Option<PathBuf>,
    /// Replay this extension only; for --with, the extension whose place it takes, if it has another name
    #[arg(long, value_name = "NAME")]
    extension: Option<String>,
    /// Compare calls from this time on: Unix milliseconds, or such as 2026-11-29T22:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    from: Option<u64>,
    /// Compare calls up to this time
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    to: Option<u64>,
    /// Also show what follows: how often which event was emitted, and with which numbers and texts
    #[arg(long)]
    diff: bool,
    /// Show what follows also where it is the same
    #[arg(long, requires = "diff")]
    all: bool,
    /// Differences of an extension that are shown after the first
    #[arg(long, value_name = "N", default_value_t = 20)]
    differences: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also write a page with plots to this file
    #[arg(long, value_name = "FILE", requires = "diff")]
    html: Option<PathBuf>,
}

/// Replays, prints the report and returns the exit code.
///
/// # Errors
///
/// The operating system refuses what a replay itself needs.
pub(super) fn replay(arguments: &ReplayArguments) -> Result<ExitCode, HostError> {
    let candidate = match candidate(arguments) {
        Ok(candidate) => candidate,
        Err(text) => {
            output::error_line(&text);
            return Ok(exit_code::PLUGIN.into());
        }
    };
    let cache = tempfile::tempdir().map_err(HostError::system("make a folder for plugin files"))?;
    let mut status = StatusLine::new(PROGRESS_DELAY);
    let files = files(&arguments.files);
    let count = files.len();
    let settings = settings(arguments, candidate, files, cache.path());
    let replayed = replay::replay(settings, |progress| {
        if status.is_due() {
            status.show(&progress_text(progress, count));
        }
    });
    drop(status);
    let report = match replayed {
        Ok(report) => report,
        Err(error) => {
            output::error_line(&error.to_string());
            return Ok(ExitCode::FAILURE);
        }
    };
    if arguments.json {
        output::json(&JsonReport::new(&report));
    } else {
        text_lines(&report, arguments.all)
            .iter()
            .for_each(|line| output::line(line));
    }
    if let Some(page) = &arguments.html {
        let written = write_page(page, &report, arguments.all);
        written.map_err(HostError::system("write the page"))?;
    }
    Ok(code(&report))
}

fn code(report: &Report) -> ExitCode {
    match report.has_differences() {
        true => exit_code::DIFFERENT.into(),
        // A replay of nothing has shown nothing.
        false if report.calls().all == 0 => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn settings(
    arguments: &ReplayArguments,
    candidate: Option<Candidate>,
    files: Vec<PathBuf>,
    cache_folder: &Path,
) -> ReplaySettings {
    let first = arguments.files.first();
    let recording = first.map(|file| file.display().to_string());
    let title = match &arguments.with {
        Some(with) => format!(
            "replay of {} with {}",
            recording.unwrap_or_default(),
            with.display()
        ),
        None => format!("replay of {}", recording.unwrap_or_default()),
    };
    let mut plugin_folders = arguments.plugins.clone();
    if plugin_folders.is_empty() {
        plugin_folders.push(folder_of_executable());
    }
    let whole = Window::default();
    ReplaySettings {
        files,
        plugin_folders,
        cache_folder: cache_folder.to_owned(),
        probe_program: std::env::current_exe().ok(),
        candidate,
        extension: arguments.extension.clone(),
        window: Window {
            from_ms: arguments.from.unwrap_or(whole.from_ms),
            to_ms: arguments.to.unwrap_or(whole.to_ms),
        },
        report: ReportSettings {
            differences_max: arguments.differences,
            has_consequences: arguments.diff,
            ..ReportSettings::new(title)
        },
    }
}

/// Each file with its earlier parts. A file that is not there is left to the error of its reader.
fn files(named: &[PathBuf]) -> Vec<PathBuf> {
    match named {
        [file] => {
            let mut files = series::files(file);
            if !files.contains(file) {
                files.push(file.clone());
            }
            files
        }
        files => files.to_vec(),
    }
}

/// The candidate and the extension whose place it takes.
fn candidate(arguments: &ReplayArguments) -> Result<Option<Candidate>, String> {
    let Some(file) = &arguments.with else {
        return Ok(None);
    };
    let read = PluginFile::read(file).map_err(|error| error.to_string())?;
    let extension = arguments.extension.clone().unwrap_or(read.manifest.name);
    Ok(Some(Candidate {
        extension,
        file: file.clone(),
    }))
}

fn progress_text(progress: Progress, count: usize) -> String {
    let number = progress.files + 1;
    format!(
        "replaying part {number} of {count}, at {}",
        moment::shown(progress.at_ms)
    )
}
