//! Measures the master: its plugin files, called across the plugin boundary by a host in memory, and then the host as it
//! runs, over HTTP and with its store on disk.
//!
//! `cargo xtask bench master [--json] [-- [--only PART] [--seconds N]]` builds host and plugins and runs this. `PART` is
//! `plugins`, `polls`, `results`, `blocks`, `waits` or `slaves`; `N` is how long ten thousand slaves work, 60 if it is not given.

mod batches;
mod block;
mod driver;
mod http;
mod panels;
mod samples;
mod world;

use std::process::ExitCode;

use tig_bench_report::{Report, Result};

fn main() -> ExitCode {
    tig_bench_report::main(measure)
}

/// How long the slaves work.
const SECONDS: u64 = 60;

fn measure(report: &mut Report) -> Result<()> {
    if std::env::args().any(|argument| argument == http::bare::ARGUMENT) {
        return http::bare::serve();
    }
    let only = option("--only");
    let seconds = option("--seconds").map_or(Ok(SECONDS), |text| text.parse())?;
    let is_wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if is_wanted("plugins") {
        let plugins = driver::Plugins::load()?;
        batches::store_results(report, &plugins)?;
        batches::get_batches(report, &plugins)?;
        samples::measure(report, &plugins)?;
        block::measure(report, &plugins)?;
        panels::measure(report, &plugins)?;
    }
    http::measure(report, is_wanted, seconds)
}

/// What follows `name` on the command line.
fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}
