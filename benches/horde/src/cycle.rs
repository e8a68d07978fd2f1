//! The cycle: from the block of the slot to the batch, and from the batch to weights.

use std::time::Duration;

use serde_json::{Value, json};
use tig_bench_report::{Report, Result, Target};

use crate::miners::times_us;
use crate::quantile::median;
use crate::validator::{FIRST_CYCLE, LEAD_BLOCKS, MINERS, Network, Validator, set, unix_us};

const NETWORK: Network = Network {
    miners: MINERS,
    executors: 10,
    block_ms: 0,
};
/// Blocks of a cycle.
const CYCLE_BLOCKS: u32 = 722;
/// Blocks after the begin of a cycle at which the order of its validators is known.
const ORDER_BLOCKS: u32 = 4;
/// What the schedule takes for the time between two blocks, in milliseconds: here they are made by hand.
const BLOCK_MS: u64 = 12_000;
/// Cycles that are measured, each the first of its host.
const ROUNDS: u32 = 3;
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// Time between two looks at what is measured.
const CLOSE_LOOK: Duration = Duration::from_millis(1);

/// Milliseconds of a cycle.
struct Round {
    /// From the block of the slot to the first miner that is asked for its manifest, and to the last.
    first_link: f64,
    last_link: f64,
    /// From the end of the batch to weights that are stored, ready to be sent.
    weights: f64,
}

/// Measures some cycles.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(round()?);
    }
    let mut line = |name: &str, value: fn(&Round) -> f64, most: f64| {
        let mut numbers: Vec<f64> = rounds.iter().map(value).collect();
        report.number(name, median(&mut numbers), "ms", Target::AtMost(most))
    };
    let name =
        "block of the slot, a look every 20 ms: first manifest asked for (before: 0 to 30 s)";
    line(name, |round| round.first_link, 100.0)?;
    let name = "block of the slot: last of 256 manifests asked for";
    line(name, |round| round.last_link, 100.0)?;
    let name = "256 x 10 jobs over, cycle over: weights ready to send";
    line(name, |round| round.weights, 50.0)
}

fn round() -> Result<Round> {
    let validator = Validator::start(&NETWORK, |options| {
        // Without links that are there already.
        let schedule = json!({ "links_ahead_blocks": 0, "block_ms": BLOCK_MS });
        set(options, "horde_schedule", &schedule);
        let weights = json!({ "refused_ms": BLOCK_MS, "failed_ms": BLOCK_MS });
        set(options, "horde_weights", &weights);
        set(options, "horde_receipts", &json!({ "enabled": false }));
    })?;
    let cycle = FIRST_CYCLE;
    validator.advance(LEAD_BLOCKS + ORDER_BLOCKS)?;
    let is_ordered = |schedule: &Value| {
        schedule["cycle"]["start"] == cycle && schedule["slot"]["block"].is_number()
    };
    let schedule = validator.wait_for("/horde/schedule", LOOK, is_ordered)?;
    let slot = schedule["slot"]["block"].as_u64().unwrap_or_default();
    let before = u32::try_from(slot)? - 1;
    validator.advance(before - cycle - ORDER_BLOCKS)?;
    let is_before = |schedule: &Value| schedule["block"]["number"] == before;
    validator.wait_for("/horde/schedule", LOOK, is_before)?;
    let begin_us = unix_us()?;
    validator.advance(1)?;
    let is_running = |batch: &Value| batch["running"]["jobs"].as_u64().is_some_and(|it| it > 0);
    validator.wait_for("/horde/batch", LOOK, is_running)?;
    // The weights of a cycle wait for its end.
    validator.advance(cycle + CYCLE_BLOCKS - before - 1)?;
    let is_decided = |weights: &Value| {
        let cycles = weights["cycles"].as_array().into_iter().flatten();
        let mut of_cycle = cycles.filter(|it| it["cycle_start"] == cycle);
        of_cycle.any(|it| it["decided_block"].is_number() || it["end"].is_object())
    };
    validator.wait_for("/horde/weights", CLOSE_LOOK, is_decided)?;
    let decided_us = unix_us()?;
    let last = validator.ask("/horde/batch")?["last"].take();
    if last["cycle_start"] != cycle {
        return Err(format!("cycle {cycle} has no batch").into());
    }
    let ended_ms = last["ended_ms"].as_i64().ok_or("the batch has no end")?;
    let links = times_us(&validator.network.report()?, "authentication");
    let since_block =
        |at_us: Option<&i64>| at_us.map_or(f64::NAN, |at_us| (at_us - begin_us) as f64 / 1_000.0);
    if links.len() != MINERS {
        return Err(format!("{} links were opened in cycle {cycle}", links.len()).into());
    }
    Ok(Round {
        first_link: since_block(links.first()),
        last_link: since_block(links.last()),
        weights: decided_us as f64 / 1_000.0 - ended_ms as f64,
    })
}
