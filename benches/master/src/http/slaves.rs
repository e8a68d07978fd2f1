//! Ten thousand slaves on one master: half of them let it hold their polls, half poll as the earlier slave does.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use tig_bench_report::http::Connection;
use tig_bench_report::{Report, Result, Target};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::{Work, get_batch, post};
use super::master::Master;
use super::polls::BATCH_SIZE;
use super::stub::Stub;
use super::work::result;
use crate::world::{answers, config, listing, precommit};

/// Slaves, each with a connection of its own.
const SLAVES: usize = 10_000;

/// Files that the program needs besides connections.
const OTHER_FILES: u64 = 100;

/// A slave without work polls again after this time, if it does not let the master hold its poll.
const PAUSE: Duration = Duration::from_secs(5);

/// Time for a batch.
const COMPUTING: Duration = Duration::from_secs(4);

/// A new job comes this often, with a batch for each slave.
const JOB_EVERY: Duration = Duration::from_secs(5);

/// What became of one slave.
#[derive(Default)]
struct Fate {
    batches: usize,
    polls: usize,
    errors: Vec<String>,
    number: usize,
    /// The longest that it was without an answer, and without a batch.
    slowest: Duration,
    longest_idle: Duration,
}

pub(crate) async fn measure(report: &mut Report, seconds: u64) -> Result<()> {
    let count = SLAVES.min(files_allowed()?);
    let stub = Arc::new(Stub::start(answers(0, &listing(&[], &[], &[]))?)?);
    let master = Master::start(&stub, &config(BATCH_SIZE))?;
    let mut slaves = JoinSet::new();
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    for number in 0..count {
        slaves.spawn(slave(number, master.program.address, end));
    }
    let feeder = tokio::spawn(feed(Arc::clone(&stub), count, end));
    let fates = slaves.join_all().await;
    feeder
        .await?
        .map_err(|error| format!("the stub: {error}"))?;
    let memory = master.program.memory_peak()?;
    report_all(report, &fates, seconds, memory, &master)
}

fn report_all(
    report: &mut Report,
    fates: &[Fate],
    seconds: u64,
    memory: f64,
    master: &Master,
) -> Result<()> {
    let errors: Vec<&String> = fates.iter().flat_map(|fate| &fate.errors).collect();
    let kinds: BTreeSet<&&String> = errors.iter().collect();
    for kind in kinds.into_iter().take(3) {
        writeln!(io::stderr(), "error: {kind}")?;
    }
    let polls: usize = fates.iter().map(|fate| fate.polls).sum();
    let batches: usize = fates.iter().map(|fate| fate.batches).sum();
    let unserved = fates.iter().filter(|fate| fate.batches == 0).count();
    let slowest = fates
        .iter()
        .map(|fate| fate.slowest)
        .max()
        .unwrap_or_default();
    let idle = |parity: usize| {
        let of = fates.iter().filter(|fate| fate.number % 2 == parity);
        of.map(|fate| fate.longest_idle).max().unwrap_or_default()
    };
    let name = format!("{} slaves, {seconds} s", fates.len());
    let mut line = |what, value, unit, target| {
        let name = &format!("{name}: {what}");
        report.number(name, value, unit, target)
    };
    line("errors", errors.len() as f64, "", Target::AtMost(0.0))?;
    line(
        "slaves that got no batch",
        unserved as f64,
        "",
        Target::AtMost(0.0),
    )?;
    for (parity, what) in [
        (0, "longest time without a batch, poll held"),
        (1, "longest time without a batch, poll not held"),
    ] {
        line(what, idle(parity).as_secs_f64(), "s", Target::None)?;
    }
    line("batches computed", batches as f64, "", Target::None)?;
    line("polls answered", polls as f64, "", Target::None)?;
    line(
        "slowest answer that was not held",
        slowest.as_secs_f64() * 1e3,
        "ms",
        Target::None,
    )?;
    let share = master.program.processor_time()?.as_secs_f64() / seconds as f64 * 100.0;
    line("the host's share of a processor", share, "%", Target::None)?;
    line(
        "the host's memory, at most",
        memory,
        "MB",
        Target::AtMost(300.0),
    )
}

/// Raises the limit of open files; returns how many connections it allows.
fn files_allowed() -> Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised)?;
    let files = limit
        .maximum
        .unwrap_or(u64::MAX)
        .saturating_sub(OTHER_FILES);
    Ok(usize::try_from(files)?)
}

/// A job after the other, each in a block of its own and with a batch for each of `count` slaves.
async fn feed(stub: Arc<Stub>, count: usize, end: Instant) -> Result<(), String> {
    let mut precommits: Vec<Value> = Vec::new();
    while Instant::now() < end {
        let number = precommits.len();
        precommits.push(precommit(number, count as u64 * BATCH_SIZE));
        let block = u32::try_from(number + 1).map_err(|error| error.to_string())?;
        let shown = answers(block, &listing(&precommits, &[], &[]));
        stub.show(shown.map_err(|error| error.to_string())?);
        sleep(JOB_EVERY).await;
    }
    Ok(())
}

async fn slave(number: usize, master: SocketAddr, end: Instant) -> Fate {
    let mut fate = Fate {
        number,
        ..Fate::default()
    };
    if let Err(error) = live(number, master, end, &mut fate).await {
        fate.errors.push(error.to_string());
    }
    fate
}

/// Each time another one, half as long to half again as long: with equal ones a slave could always come just after the others.
fn pause(number: usize, polls: usize) -> Duration {
    let share = (number * 7_919 + polls * 104_729) % 1_000;
    PAUSE.mul_f64(0.5 + share as f64 / 1_000.0)
}

async fn live(number: usize, master: SocketAddr, end: Instant, fate: &mut Fate) -> Result<()> {
    let name = format!("slave-{number}");
    let waits = number.is_multiple_of(2);
    let poll = get_batch(&name, if waits { "?wait=20000" } else { "" });
    // Slaves are not started at one instant.
    sleep(PAUSE.mul_f64((number % 1_000) as f64 / 1_000.0)).await;
    let mut connection = Connection::open(master).await?;
    let mut idle_since = Instant::now();
    while Instant::now() < end {
        let given = connection.ask(&poll).await?;
        fate.polls += 1;
        if !waits {
            fate.slowest = fate.slowest.max(given.time);
        }
        match given.status {
            200 => {}
            404 => {
                sleep(if waits {
                    Duration::ZERO
                } else {
                    pause(number, fate.polls)
                })
                .await;
                continue;
            }
            status => {
                let text = String::from_utf8_lossy(&given.body);
                fate.errors.push(format!("poll answered {status}: {text}"));
                sleep(PAUSE).await;
                continue;
            }
        }
        fate.longest_idle = fate.longest_idle.max(idle_since.elapsed());
        let work: Work = serde_json::from_slice(&given.body)?;
        sleep(COMPUTING).await;
        let path = format!(
            "/submit-batch-result/{}_{}",
            work.benchmark_id, work.start_nonce
        );
        let body = serde_json::to_string(&result(&work)?)?;
        let stored = connection.ask(&post(&name, &path, &body)).await?;
        fate.slowest = fate.slowest.max(stored.time);
        if stored.status == 200 {
            fate.batches += 1;
        } else {
            fate.errors
                .push(format!("result answered {}", stored.status));
        }
        idle_since = Instant::now();
    }
    Ok(())
}
