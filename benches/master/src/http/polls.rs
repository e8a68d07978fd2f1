//! How fast polls are answered, and how fast results get to disk: 64 connections, the host on one processor.

use std::time::{Duration, Instant};

use serde_json::Value;
use tig_bench_report::http::{Answered, Crowd};
use tig_bench_report::program::Program;
use tig_bench_report::requests::{Begun, Requests, Targets};
use tig_bench_report::{Line, Report, Result, Target};
use tig_protocol::{BatchResult, MerkleHash};

use super::bare;
use super::client::{Work, get_batch, post};
use super::master::{Master, PATIENCE};
use super::stub::Stub;
use crate::world::{answers, config, listing, precommit};

/// Nonces per batch.
pub(crate) const BATCH_SIZE: u64 = 8;

const CONNECTIONS: usize = 64;

/// Batches that a slave holds at most: fewer than the host lets it.
const HELD_MAX: usize = 50;

/// Polls of one number, at least.
const POLLS: usize = 60_000;

/// Results of one number, about.
const REQUESTS: usize = 20_000;

/// A host with `num_jobs` jobs of `count` batches each, all of them queued.
async fn queued(stub: &mut Option<Stub>, num_jobs: usize, count: usize) -> Result<Master> {
    let nonces = count as u64 * BATCH_SIZE;
    let precommits: Vec<Value> = (0..num_jobs)
        .map(|number| precommit(number, nonces))
        .collect();
    let stub = stub.insert(Stub::start(answers(0, &listing(&precommits, &[], &[]))?)?);
    let master = Master::start(stub, &config(BATCH_SIZE))?;
    master.wait_until_queued(num_jobs * count).await?;
    Ok(master)
}

const HOST: &str = "the host";

/// What the host is to do at `rate` requests a second on a processor of its own.
fn targets(rate: f64, p99: Target) -> Targets {
    Targets {
        rate,
        processor: Target::AtMost((1e7 / rate).round() / 10.0),
        p99,
    }
}

/// Each connection is a slave of its own.
fn slave(place: usize) -> String {
    format!("slave-{place}")
}

/// For each connection as many requests as `count` says.
fn polls(count: usize) -> Vec<Vec<Vec<u8>>> {
    (0..CONNECTIONS)
        .map(|place| vec![get_batch(&slave(place), ""); count])
        .collect()
}

/// For each connection a request for each batch it was given.
fn follow(
    given: &[Vec<Answered>],
    request: impl Fn(&str, &Work) -> Result<Vec<u8>>,
) -> Result<Vec<Vec<Vec<u8>>>> {
    let follow = |(place, batches): (usize, &Vec<Answered>)| {
        let slave = slave(place);
        let batches = batches.iter();
        batches
            .map(|batch| request(&slave, &serde_json::from_slice(&batch.body)?))
            .collect()
    };
    given.iter().enumerate().map(follow).collect()
}

/// A server that does nothing, on the same processor: polls cannot be faster than its replies.
pub(crate) struct BareServer {
    program: Program,
    crowd: Crowd,
    sum: Requests,
}

impl BareServer {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let program = Program::start(&std::env::current_exe()?, folder.path(), |command| {
            command.arg(bare::ARGUMENT);
        })?;
        let crowd = Crowd::open(program.address, CONNECTIONS).await?;
        let sum = Requests::default();
        Ok(Self {
            program,
            crowd,
            sum,
        })
    }

    /// How long it takes for these requests.
    async fn answer(&mut self, requests: Vec<Vec<Vec<u8>>>) -> Result<Duration> {
        let begun = Begun::now(&self.program)?;
        let start = Instant::now();
        let answers = self.crowd.ask(requests).await?;
        let taken = start.elapsed();
        self.sum.add(begun, &answers)?;
        Ok(taken)
    }

    /// Prints the rate of all its replies.
    pub(crate) fn report(&self, report: &mut Report) -> Result<()> {
        report.number("bare hyper: answered", self.sum.rate(), "1/s", Target::None)
    }
}

/// `GET /get-batch` with so many batches queued; between the measured bursts they are given back. `bare` answers the same
/// bursts in turn, so that what else the machine does slows both.
pub(crate) async fn polls_of(
    report: &mut Report,
    count: usize,
    bare: &mut BareServer,
) -> Result<()> {
    let mut stub = None;
    let master = queued(&mut stub, count.div_ceil(1_000), 1_000).await?;
    let mut crowd = Crowd::open(master.program.address, CONNECTIONS).await?;
    let burst = HELD_MAX.min(count * 9 / 10 / CONNECTIONS);
    let mut sum = Requests::default();
    let mut ratios = Vec::new();
    while sum.count() < POLLS {
        let least = bare.answer(polls(burst)).await?;
        let requests = polls(burst);
        let begun = Begun::now(&master.program)?;
        let start = Instant::now();
        let given = crowd.ask(requests).await?;
        ratios.push(least.as_secs_f64() / start.elapsed().as_secs_f64());
        sum.add(begun, &given)?;
        let back = follow(&given, |slave, work| {
            let path = format!("/release-batch/{}_{}", work.benchmark_id, work.start_nonce);
            Ok(post(slave, &path, r#"{"reason": "stopping"}"#))
        })?;
        crowd.ask(back).await?;
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let (name, rate) = (format!("poll, {count} queued"), sum.rate());
    sum.report(report, &name, HOST, targets(30_000.0, Target::AtMost(10.0)))?;
    report.add(&Line {
        name: &format!("{name}: answered, by the median burst"),
        value: rate,
        unit: "1/s",
        target: Target::AtLeast(0.5),
        against: Some(("bare hyper", ratios[ratios.len() / 2])),
    })
}

/// Results of jobs of `count` batches: the time ends when the last one is in its job, and that on disk.
pub(crate) async fn results_of(report: &mut Report, count: usize) -> Result<()> {
    let mut stub = None;
    let master = queued(&mut stub, REQUESTS.div_ceil(count), count).await?;
    let mut crowd = Crowd::open(master.program.address, CONNECTIONS).await?;
    let mut sum = Requests::default();
    while sum.count() + CONNECTIONS * HELD_MAX <= REQUESTS {
        let given = crowd.ask(polls(HELD_MAX)).await?;
        let results = follow(&given, |slave, work| {
            let path = format!(
                "/submit-batch-result/{}_{}",
                work.benchmark_id, work.start_nonce
            );
            Ok(post(slave, &path, &serde_json::to_string(&result(work))?))
        })?;
        let (_, handled) = master.handled("job_manager").await?;
        let begun = Begun::now(&master.program)?;
        let stored = crowd.ask(results).await?;
        wait_until_stored(&master, handled + (CONNECTIONS * HELD_MAX) as u64).await?;
        sum.add(begun, &stored)?;
    }
    sum.report(
        report,
        &format!("result to disk, {count} batches a job"),
        HOST,
        targets(10_000.0, Target::None),
    )
}

async fn wait_until_stored(master: &Master, handled: u64) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !matches!(master.handled("job_manager").await?, (true, now) if now >= handled) {
        if Instant::now() > deadline {
            return Err("results that were answered are not stored".into());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// A result that looks like any other.
fn result(work: &Work) -> BatchResult {
    let mut root = [7; 32];
    root[..8].copy_from_slice(&work.start_nonce.to_le_bytes());
    BatchResult {
        merkle_root: MerkleHash(root),
        solution_nonces: vec![work.start_nonce, work.start_nonce + 3],
        merkle_proofs: Vec::new(),
    }
}
