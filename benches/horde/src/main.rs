//! Measures batches of the ComputeHorde validator: a host with its extensions, and 256 miners in another process that answer at
//! once. Each batch is the first of its host.
//!
//! `cargo xtask bench horde [--json]` builds all of it and runs it. Targets are those of a machine with two quiet processors; the
//! names say what the earlier validator needed there (section 10.14 of the specification).

mod case;
mod miners;
mod result;

use std::process::ExitCode;

use tig_bench_report::{Report, Result};

use crate::case::CASES;

fn main() -> ExitCode {
    tig_bench_report::main(measure)
}

fn measure(report: &mut Report) -> Result<()> {
    CASES.iter().try_for_each(|case| case.measure(report))
}
