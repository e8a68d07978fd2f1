//! `completions`: what a shell completes after `compute-horde`.

use clap_complete::Shell;
use tig_process::output;

/// Prints the script of a shell.
pub(crate) fn run(command: &mut clap::Command, shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "compute-horde", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
}
