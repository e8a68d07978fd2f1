//! Measures the host: dispatch through the ABI, timers, commits, reloads, what a process with six extensions costs, and
//! websockets.
//!
//! `cargo xtask bench host [--json]` builds the host and the plugins beside this and runs it.

mod commits;
mod dispatch;
mod process;
mod reloads;
mod site;
mod sockets;
mod timers;

use std::process::ExitCode;

use tig_bench_report::{Report, Result};

fn main() -> ExitCode {
    tig_bench_report::main(measure)
}

fn measure(report: &mut Report) -> Result<()> {
    dispatch::measure(report)?;
    timers::measure(report)?;
    commits::measure(report)?;
    reloads::measure(report)?;
    process::measure(report)?;
    sockets::measure(report)
}
