//! Measures the devnet: how long it takes to make a block, and how fast it answers over HTTP.
//!
//! `cargo xtask bench devnet [--json]` builds the program and the algorithms beside this and runs it.

mod blocks;
mod crowded;
mod requests;

use std::process::ExitCode;

use tig_bench_report::{Report, Result};

/// Benchmarks in the lifespan window.
const BENCHMARKS: usize = 10_000;

fn main() -> ExitCode {
    tig_bench_report::main(measure)
}

fn measure(report: &mut Report) -> Result<()> {
    blocks::measure(report)?;
    requests::measure(report)
}
