//! The host as it runs in production: its own process, the plugin files, HTTP, a store on disk.
//!
//! It has a processor to itself; the slaves and the network's API that this program plays have another one.

pub(crate) mod bare;
mod blocks;
mod client;
mod master;
mod polls;
mod slaves;
mod stub;
mod waits;
mod work;

use tig_bench_report::{Report, Result, program};

/// Measures the parts that are wanted; `seconds` is how long the slaves work.
pub(crate) fn measure(
    report: &mut Report,
    is_wanted: impl Fn(&str) -> bool,
    seconds: u64,
) -> Result<()> {
    program::make_way()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if is_wanted("polls") {
            let mut bare = polls::BareServer::start().await?;
            polls::polls_of(report, 1_000, &mut bare).await?;
            polls::polls_of(report, 100_000, &mut bare).await?;
            bare.report(report)?;
        }
        if is_wanted("results") {
            for count in [100, 1_000, 10_000] {
                polls::results_of(report, count).await?;
            }
        }
        if is_wanted("blocks") {
            blocks::measure(report).await?;
        }
        if is_wanted("waits") {
            waits::measure(report).await?;
        }
        if is_wanted("slaves") {
            slaves::measure(report, seconds).await?;
        }
        Ok(())
    })
}
