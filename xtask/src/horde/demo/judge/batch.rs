//! What a batch says of the miners.

use serde_json::Value;

use super::{Evidence, text};
use crate::horde::columns::number;
use crate::horde::demo::look::Look;
use crate::horde::demo::miner::{GPU, LLM, Spoils, spoils, vice};

/// Lines of the pool's stations.
const STATIONS: [&str; 4] = ["generation", "sampling", "upload", "answering"];

/// The line of a miner and class in the last batch.
pub(in super::super) fn class_of<'a>(
    look: &'a Look,
    hotkey: &str,
    class: &str,
) -> Option<&'a Value> {
    let mut miners = look.last_batch()?["miners"].as_array()?.iter();
    let miner = miners.find(|miner| miner["hotkey"] == hotkey)?;
    let mut classes = miner["classes"].as_array()?.iter();
    classes.find(|it| it["executor_class"] == class)
}

/// A batch has run in its slot: all miners but those with a vice have solved their jobs.
pub(super) fn judge_synthetic(evidence: Evidence<'_>) -> Result<String, String> {
    let batch = ended_batch(evidence.look)?;
    let (jobs, right) = judge_class(evidence, GPU, |spoils| spoils != Spoils::All)?;
    let milliseconds = number(batch, "ended_ms").saturating_sub(number(batch, "started_ms"));
    let slot = &evidence.look.schedule["slot"];
    let place = match batch["cycle_start"] == evidence.look.schedule["cycle"]["start"] {
        true => format!("slot {} of {}", slot["index"], slot["count"]),
        false => "its slot".to_owned(),
    };
    Ok(format!(
        "{right} of {jobs} GPU jobs right in {place}, in {milliseconds} ms"
    ))
}

/// The pool was full, miners that lie for language models have nothing for their class, and honest ones all.
pub(super) fn judge_cross_validation(evidence: Evidence<'_>) -> Result<String, String> {
    if !evidence.was_pool_full {
        return Err(describe_pool(&evidence.look.pool));
    }
    ended_batch(evidence.look)?;
    let (jobs, right) = judge_class(evidence, LLM, |spoils| spoils == Spoils::Nothing)?;
    let full = evidence.look.pool["samples"]["wanted"].as_u64();
    Ok(format!(
        "{right} of {jobs} LLM jobs right, no liar's; {} samples",
        full.unwrap_or_default()
    ))
}

/// Jobs of a class and how many are right, if just those miners are right that should be, and nothing else costs them anything.
fn judge_class(
    evidence: Evidence<'_>,
    class: &str,
    is_right: impl Fn(Spoils) -> bool,
) -> Result<(u64, u64), String> {
    let mut total = (0, 0);
    for (index, hotkey) in evidence.hotkeys.iter().enumerate() {
        let row = class_of(evidence.look, hotkey, class);
        let count = |column| row.map_or(0, |row| number(row, column));
        let (jobs, right) = (count("jobs"), count("right"));
        let score = row
            .and_then(|row| row["score"].as_f64())
            .unwrap_or_default();
        let is_expected = match is_right(spoils(index)) {
            true => jobs > 0 && right == jobs && score > 0.0,
            false => right == 0 && score <= 0.0,
        };
        if !is_expected {
            let reason = row.map_or("it has no such executor in the batch", |row| {
                text(&row["reason"], "no reason")
            });
            return Err(format!(
                "miner {index} ({}) has {right} of {jobs} jobs of {class} right and the score {score}: {reason}",
                vice(index)
            ));
        }
        total = (total.0 + jobs, total.1 + right);
    }
    Ok(total)
}

/// The last batch, if it was a cycle's and is whole.
fn ended_batch(look: &Look) -> Result<&Value, String> {
    let Some(batch) = look.last_batch() else {
        let slot = &look.status["slot"];
        return Err(format!(
            "no batch has ended: {} (slot {}, {})",
            text(&look.schedule["text"], "the host does not answer"),
            slot["block"],
            text(&slot["state"], "unknown")
        ));
    };
    match text(&batch["end"], "unknown") {
        "stored" if batch["cycle_start"].is_u64() => Ok(batch),
        end => Err(format!("the last batch ended as {end}")),
    }
}

fn describe_pool(pool: &Value) -> String {
    let samples = &pool["samples"];
    let stations = STATIONS.map(|name| {
        let station = &pool["stations"][name];
        let state = text(&station["state"], "the host does not answer");
        match station["last_failure"]["reason"].as_str() {
            Some(reason) => format!("{name} {state}, last failure: {reason}"),
            None => format!("{name} {state}"),
        }
    });
    format!(
        "{} of {} samples were ready; {}",
        samples["ready"],
        samples["wanted"],
        stations.join("; ")
    )
}
