//! Handing batches out and storing their results, at few and at many batches.

use std::time::Duration;

use serde_json::{Value, json};
use tig_bench_report::{Report, Result, Target, median};
use tig_protocol::{Batch, BatchResult, MerkleHash};

use crate::driver::{Instance, Plugins, get_batch};
use crate::world::{config, new_block, precommit};

/// Nonces per batch.
const BATCH_SIZE: u64 = 8;

/// Time for the rounds of one number.
const BUDGET: Duration = Duration::from_secs(5);

/// Results stored per round, of which there are at most five.
const RESULTS: usize = 100;
const ROUNDS: usize = 5;

/// Slaves that poll, each as often per round as five rounds leave it below what one slave may hold.
const SLAVES: usize = 15;
const POLLS: usize = 12;

/// Enough jobs of `count` batches for all rounds, with all their batches handed out.
fn jobs(plugins: &Plugins, count: usize) -> Result<(Instance, Vec<Vec<u8>>)> {
    let num_jobs = (ROUNDS * RESULTS).div_ceil(count - 1);
    let num_nonces = count as u64 * BATCH_SIZE;
    let precommits: Vec<Value> = (0..num_jobs)
        .map(|number| precommit(number, num_nonces))
        .collect();
    let mut manager = plugins.start("job_manager", &config(BATCH_SIZE))?;
    manager.event("new_block", &serde_json::to_vec(&new_block(&precommits))?)?;
    let mut batches = Vec::new();
    while batches.len() < num_jobs * count {
        let before = batches.len();
        let emitted = manager.emitted().into_iter();
        batches.extend(
            emitted
                .filter(|(name, _)| name == "new_batch")
                .map(|(_, batch)| batch),
        );
        if batches.len() == before {
            return Err(format!("only {before} batches were handed out").into());
        }
        manager.update()?;
    }
    Ok((manager, batches))
}

/// The event of a result for `batch`; `None` for the last batch of its job, which stays open so that no benchmark is made.
fn result(batch: &[u8], count: usize) -> Result<Option<Vec<u8>>> {
    let batch: Batch = serde_json::from_slice(batch)?;
    if batch.start_nonce == (count as u64 - 1) * BATCH_SIZE {
        return Ok(None);
    }
    let mut root = [7; 32];
    root[..8].copy_from_slice(&batch.start_nonce.to_le_bytes());
    let result = BatchResult {
        merkle_root: MerkleHash(root),
        solution_nonces: vec![batch.start_nonce, batch.start_nonce + 3],
        merkle_proofs: Vec::new(),
    };
    let mut event = serde_json::to_value(result)?;
    event["benchmark_id"] = json!(batch.benchmark_id);
    event["start_nonce"] = json!(batch.start_nonce);
    event["slave"] = json!("slave-1");
    Ok(Some(serde_json::to_vec(&event)?))
}

/// Time of one `batch_result`, with all but the last batches stored already.
pub(crate) fn store_results(report: &mut Report, plugins: &Plugins) -> Result<()> {
    for count in [10, 1_000, 100_000] {
        let (mut manager, batches) = jobs(plugins, count)?;
        let mut results = Vec::new();
        for batch in &batches {
            results.extend(result(batch, count)?);
        }
        let (before, measured) = results.split_at(results.len() - ROUNDS * RESULTS);
        for result in before {
            manager.event("batch_result", result)?;
        }
        let mut rounds = measured.chunks(RESULTS);
        let time = median(BUDGET, || {
            let round = rounds.next().unwrap_or_default();
            round
                .iter()
                .try_for_each(|result| manager.event("batch_result", result))
        })?;
        report.number(
            &format!("store a result, {count} batches a job"),
            time.as_secs_f64() / RESULTS as f64 * 1e6,
            "us",
            Target::AtMost(100.0),
        )?;
    }
    Ok(())
}

/// Time of `GET /get-batch` in the extension: what the listener adds is not in it.
pub(crate) fn get_batches(report: &mut Report, plugins: &Plugins) -> Result<()> {
    let polls: Vec<_> = (0..SLAVES)
        .map(|number| get_batch(&format!("slave-{number}")))
        .collect();
    for count in [1_000, 100_000] {
        let (_, batches) = jobs(plugins, count)?;
        let mut manager = plugins.start("slave_manager", &config(BATCH_SIZE))?;
        for batch in &batches[..count] {
            manager.event("new_batch", batch)?;
        }
        let time = median(BUDGET, || {
            for poll in std::iter::repeat_n(&polls, POLLS).flatten() {
                let status = manager.request(poll)?.status;
                if status != 200 {
                    return Err(format!("a poll was answered {status}").into());
                }
            }
            Ok(())
        })?;
        report.number(
            &format!("get-batch, {count} queued"),
            time.as_secs_f64() / (SLAVES * POLLS) as f64 * 1e6,
            "us",
            // 30,000 a second on one core.
            Target::AtMost(33.3),
        )?;
    }
    Ok(())
}
