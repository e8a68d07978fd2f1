//! `tig-conformance [DIR]`: a line for each vector file of the folder, then `N passed, N failed`.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tig_conformance::{Conformance, Tally};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let folder = args
        .next()
        .map_or_else(Conformance::default_folder, PathBuf::from);
    if args.next().is_some() || folder.to_string_lossy().starts_with('-') {
        complain("usage: tig-conformance [DIR]");
        return ExitCode::from(2);
    }
    match run(&folder) {
        Ok(Tally { failed: 0, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            let chain = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
            complain(&format!("error: {chain}"));
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path) -> Result<Tally, Box<dyn Error>> {
    let conformance = Conformance::new(folder)?;
    let mut out = io::stdout();
    let mut total = Tally::default();
    for name in conformance.names()? {
        let outcome = conformance.run(&name);
        total += outcome.tally();
        writeln!(out, "{name}: {outcome}")?;
    }
    writeln!(out, "{total}")?;
    Ok(total)
}

fn complain(line: &str) {
    // Without a standard error there is nowhere to report to.
    let _ = writeln!(io::stderr(), "{line}");
}
