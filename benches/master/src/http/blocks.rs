//! What a new block costs the host from the first query to the last handler: the API's answers come over HTTP, and what jobs
//! keep goes to disk.

use std::time::{Duration, Instant};

use tig_bench_report::{Report, Result, Target};
use tokio::time::sleep;

use super::master::{Master, PATIENCE};
use super::stub::Stub;
use crate::world::{answers, config, get_benchmarks};

/// Blocks: the first creates all jobs, the one after it settles, of the others the median is reported.
const BLOCKS: u32 = 7;
const BLOCKS_TO_SETTLE: u32 = 2;

/// All handlers have long returned.
const HANDLED: Duration = Duration::from_secs(1);

/// How long the host is watched without a new block: what it uses then does not belong to a block.
const IDLE: Duration = Duration::from_secs(10);

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let stub = Stub::start(answers(0, &get_benchmarks())?)?;
    let master = Master::start(&stub, &config(1_024))?;
    let mut used = Vec::new();
    for number in 0..BLOCKS {
        let block = answers(number, &get_benchmarks())?;
        let (before, start) = (master.program.processor_time()?, Instant::now());
        if number > 0 {
            stub.show(block);
        }
        // Nothing else is to be done meanwhile.
        stub.wait_until_shown(PATIENCE)?;
        sleep(HANDLED).await;
        let after = master.program.processor_time()?;
        used.push((after.saturating_sub(before), start.elapsed()));
    }
    let before = master.program.processor_time()?;
    sleep(IDLE).await;
    let idle = master.program.processor_time()?.saturating_sub(before);
    let idle_share = idle.as_secs_f64() / IDLE.as_secs_f64();
    let of_block =
        |(used, elapsed): &(Duration, Duration)| used.saturating_sub(elapsed.mul_f64(idle_share));
    let mut times: Vec<Duration> = used.iter().map(of_block).collect();
    let times = &mut times[BLOCKS_TO_SETTLE as usize..];
    times.sort_unstable();
    report.number(
        "new block over HTTP: the host's processor time",
        times[times.len() / 2].as_secs_f64() * 1e3,
        "ms",
        Target::AtMost(20.0),
    )
}
