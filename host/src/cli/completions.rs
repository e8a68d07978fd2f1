//! `tig-host completions` and `tig-host man`: what shells and manuals know of the command line.

use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::command::Cli;
use super::output;
use crate::error::HostError;

/// Name of the program.
const PROGRAM: &str = "tig-host";

/// Prints the script that completes words for `shell`.
pub(super) fn completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
}

/// Prints the manual page of the program, or writes it and a page for each subcommand into `folder`.
///
/// # Errors
///
/// The pages cannot be written.
pub(super) fn man(folder: Option<&Path>) -> Result<(), HostError> {
    match folder {
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            .map_err(HostError::system("write the manual pages")),
        None => page().map_err(HostError::system("make the manual page")),
    }
}

fn page() -> io::Result<()> {
    let mut page = Vec::new();
    Man::new(Cli::command()).render(&mut page)?;
    output::line(String::from_utf8_lossy(&page).trim_end());
    Ok(())
}
