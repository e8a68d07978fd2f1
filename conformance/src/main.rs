//! `tig-conformance [DIR]`: a line for each vector file of the folder and of its folders `horde` and `traces`, then `N passed, N failed`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tig_conformance::{Conformance, Tally};
use tig_process::{output, standard_error};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let folder = args
        .next()
        .map_or_else(Conformance::default_folder, PathBuf::from);
    if args.next().is_some() || folder.to_string_lossy().starts_with('-') {
        standard_error::write_line("usage: tig-conformance [DIR]");
        return ExitCode::from(2);
    }
    match run(&folder) {
        Ok(Tally { failed: 0, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => output::fail(&*error),
    }
}

/// Folders within a folder of vectors: those of ComputeHorde, which is also run by itself, and its traces.
const FOLDERS: [(&str, &str); 3] = [
    ("horde", "horde/"),
    ("horde/traces", "horde/traces/"),
    ("traces", "traces/"),
];

fn run(folder: &Path) -> Result<Tally, Box<dyn Error>> {
    let mut total = run_files(folder, "")?;
    for (name, prefix) in FOLDERS {
        let inner = folder.join(name);
        if inner.is_dir() {
            total += run_files(&inner, prefix)?;
        }
    }
    output::line(&total.to_string());
    output::check()?;
    Ok(total)
}

fn run_files(folder: &Path, prefix: &str) -> Result<Tally, Box<dyn Error>> {
    let conformance = Conformance::new(folder)?;
    let mut total = Tally::default();
    for name in conformance.names()? {
        let outcome = conformance.run(&name);
        total += outcome.tally();
        output::line(&format!("{prefix}{name}: {outcome}"));
    }
    Ok(total)
}
