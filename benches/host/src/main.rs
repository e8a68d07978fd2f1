//! Measures the host: dispatch through the ABI, timers, commits, reloads, what a process with six extensions costs,
//! websockets, and recordings.
//!
//! `cargo xtask bench host [--json] [-- --only PART]` builds the host and the plugins beside this and runs it.

mod commits;
mod dispatch;
mod process;
mod recording;
mod reloads;
mod site;
mod sockets;
mod timers;

use std::process::ExitCode;

use tig_bench_report::{Report, Result};

/// Measures a part and adds to the report.
type Part = fn(&mut Report) -> Result<()>;

/// All parts, by name.
const PARTS: [(&str, Part); 7] = [
    ("dispatch", dispatch::measure),
    ("timers", timers::measure),
    ("commits", commits::measure),
    ("reloads", reloads::measure),
    ("process", process::measure),
    ("sockets", sockets::measure),
    ("recording", recording::measure),
];

fn main() -> ExitCode {
    tig_bench_report::main(measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--only");
    let only = arguments.nth(1);
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if !PARTS.iter().any(|(part, _)| is_wanted(part)) {
        let parts = PARTS.map(|(part, _)| part).join(", ");
        return Err(format!("--only takes one of {parts}").into());
    }
    let wanted = PARTS.iter().filter(|(part, _)| is_wanted(part));
    wanted
        .map(|(_, measure)| measure)
        .try_for_each(|measure| measure(report))
}
