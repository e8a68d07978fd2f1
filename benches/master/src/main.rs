//! Measures the master's extensions: the plugin files themselves, called across the plugin boundary by a host in memory.
//! What the real host adds (queues, the disk, sockets) is measured elsewhere.
//!
//! `cargo xtask bench master [--json]` builds the plugins and runs this.

mod batches;
mod block;
mod driver;
mod samples;
mod world;

use std::process::ExitCode;

use tig_bench_report::{Report, Result};

fn main() -> ExitCode {
    tig_bench_report::main(measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let plugins = driver::Plugins::load()?;
    batches::store_results(report, &plugins)?;
    batches::get_batches(report, &plugins)?;
    samples::measure(report, &plugins)?;
    block::measure(report, &plugins)
}
