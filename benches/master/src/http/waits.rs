//! Waiting that is nobody's work: with slaves that answer at once, the time that a job takes is the master's alone.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tig_bench_report::http::Connection;
use tig_bench_report::{Report, Result, Target};

use super::client::{Work, get_batch, post};
use super::master::{Master, PATIENCE};
use super::polls::BATCH_SIZE;
use super::stub::Stub;
use super::work::result;
use crate::world::{answers, benchmark, config, listing, precommit};

/// Jobs, one after the other; the slowest counts.
const JOBS: usize = 3;

/// Batches of a job.
const BATCHES: u64 = 100;

const SLAVES: usize = 4;

/// Nonces of which the network asks for proofs, each in another batch.
const SAMPLED: [u64; 6] = [1, 17, 99, 404, 611, 799];

/// When the last result without proofs was sent.
type LastRoot = Arc<Mutex<Instant>>;

/// What one job has waited.
#[derive(Clone, Copy, Default)]
struct Waited {
    benchmark: Duration,
    proof: Duration,
    last_result: Duration,
}

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let stub = Arc::new(Stub::start(answers(0, &listing(&[], &[], &[]))?)?);
    let master = Master::start(&stub, &config(BATCH_SIZE))?;
    let last_root = Arc::new(Mutex::new(Instant::now()));
    for number in 0..SLAVES {
        // They end with the program.
        tokio::spawn(slave(
            format!("slave-{number}"),
            master.program.address,
            Arc::clone(&last_root),
        ));
    }
    let mut waited = Vec::new();
    for number in 0..JOBS {
        let (stub, last_root) = (Arc::clone(&stub), Arc::clone(&last_root));
        let job = move || job(&stub, &last_root, number).map_err(|error| error.to_string());
        waited.push(tokio::task::spawn_blocking(job).await??);
    }
    let slowest = |of: fn(&Waited) -> Duration| waited.iter().map(of).max().unwrap_or_default();
    let mut line = |name, time: Duration, most| {
        let target = Target::AtMost(most);
        let value = time.as_secs_f64() * 1e3;
        report.number(name, value, "ms", target)
    };
    line(
        "precommit seen to benchmark sent, and benchmark seen to proof sent",
        slowest(|waited| waited.benchmark + waited.proof),
        200.0,
    )?;
    line(
        "last result sent to benchmark sent",
        slowest(|waited| waited.last_result),
        50.0,
    )
}

/// One job, from the block that shows its precommit to its proof.
fn job(stub: &Stub, last_root: &LastRoot, number: usize) -> Result<Waited> {
    let precommit = precommit(number, BATCHES * BATCH_SIZE);
    let id = precommit["benchmark_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let show = |block: usize, benchmarks: &[Value]| -> Result<Instant> {
        let listing = listing(std::slice::from_ref(&precommit), benchmarks, &[]);
        stub.show(answers(u32::try_from(block)?, &listing)?);
        stub.wait_until_shown(PATIENCE)
    };
    let begin = show(1 + 2 * number, &[])?;
    let sent = stub.wait_for("/submit-benchmark", &id, PATIENCE)?;
    let last_result = *last_root.lock().unwrap_or_else(PoisonError::into_inner);
    let root = &sent.body["merkle_root"];
    let seen = show(2 + 2 * number, &[benchmark(number, root, &json!(SAMPLED))])?;
    let proved = stub.wait_for("/submit-proof", &id, PATIENCE)?;
    Ok(Waited {
        benchmark: sent.at.saturating_duration_since(begin),
        proof: proved.at.saturating_duration_since(seen),
        last_result: sent.at.saturating_duration_since(last_result),
    })
}

/// Takes a batch whenever there is one, and has its result at once.
async fn slave(name: String, master: SocketAddr, last_root: LastRoot) -> Result<(), String> {
    let text = |error: Box<dyn std::error::Error>| error.to_string();
    let mut connection = Connection::open(master).await.map_err(text)?;
    let poll = get_batch(&name, "?wait=20000");
    loop {
        let given = connection.ask(&poll).await.map_err(text)?;
        if given.status != 200 {
            continue;
        }
        let work: Work = serde_json::from_slice(&given.body).map_err(|error| error.to_string())?;
        let body = result(&work).map_err(text)?;
        let body = serde_json::to_string(&body).map_err(|error| error.to_string())?;
        let path = format!(
            "/submit-batch-result/{}_{}",
            work.benchmark_id, work.start_nonce
        );
        if work.sampled_nonces.is_empty() {
            *last_root.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        connection
            .ask(&post(&name, &path, &body))
            .await
            .map_err(text)?;
    }
}
