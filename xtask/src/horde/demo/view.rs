//! What the screen shows of the validator.

use std::time::Duration;

use serde_json::Value;

use super::judge::{Function, class_of};
use super::miner::{GPU, LLM, MINERS, vice};
use super::progress::Progress;
use super::user_jobs::USER_JOBS;
use crate::horde::columns::{number, sum};
use crate::screen::Change;

/// Columns of a line: a longer one would be wrapped, and could not be redrawn in place.
const COLUMNS: usize = 79;
/// Lines of miners, two on each.
const MINER_LINES: usize = MINERS.div_ceil(2);

/// All lines.
pub(super) fn frame(elapsed: Duration, progress: &Progress) -> Vec<String> {
    let look = &progress.look;
    let memory = progress.memory.map(|memory| format!("   {memory:.0} MB"));
    let mut lines = vec![
        format!(
            "ComputeHorde, 20 times faster   block {}   {:.0} s{}",
            look.block,
            elapsed.as_secs_f64(),
            memory.unwrap_or_default()
        ),
        format!("pool     {}", pool(&look.pool)),
        format!("slot     {}", slot(&look.schedule, look.block)),
        format!("batch    {}", batch(&look.batch)),
    ];
    let head = format!(
        "{:>2} {:<14}{:>5}{:>5}{:>7}",
        "", "miner", "gpu", "llm", "weight"
    );
    lines.push(format!("{head}    {head}"));
    for line in 0..MINER_LINES {
        let left = miner_cell(progress, line);
        let right = miner_cell(progress, line + MINER_LINES);
        lines.push(format!("{left}    {right}"));
    }
    lines.push(format!("weights  {}", weights(progress)));
    for job in &USER_JOBS {
        lines.push(format!(
            "job      {:<32}  {}",
            job.text(),
            job.progress(&look.jobs)
        ));
    }
    if let Some(act) = &progress.last_act {
        lines.push(format!("         {act}"));
    }
    for function in Function::ALL {
        lines.push(match progress.seen.get(&function) {
            Some((_, text)) => format!("seen     {}: {text}", function.name()),
            None => format!("  -      {}", function.name()),
        });
    }
    lines.into_iter().map(cut).collect()
}

/// What may have changed.
pub(super) fn changes(progress: &Progress) -> Vec<Change> {
    let look = &progress.look;
    let change = |thing: &str, text: String| Change {
        thing: thing.to_owned(),
        prefix: format!("block {}  {thing:<8}  ", look.block),
        text,
    };
    let mut changes = vec![
        change("pool", pool(&look.pool)),
        change("slot", slot_place(&look.schedule)),
        change("batch", batch(&look.batch)),
        change("weights", weights(progress)),
    ];
    if look.last_batch().is_some() {
        changes.extend((0..MINERS).map(|index| Change {
            thing: format!("miner {index}"),
            ..change("miner", miner_cell(progress, index))
        }));
    }
    if let Some(act) = &progress.last_act {
        changes.push(change("time", act.clone()));
    }
    let ordered = USER_JOBS
        .iter()
        .filter(|job| job.find(&look.jobs).is_some());
    changes.extend(ordered.map(|job| Change {
        thing: job.text(),
        ..change(
            "job",
            format!("{}  {}", job.text(), job.progress(&look.jobs)),
        )
    }));
    changes.extend(progress.seen.iter().map(|(function, (_, text))| Change {
        thing: function.name().to_owned(),
        ..change("seen", format!("{}: {text}", function.name()))
    }));
    changes
}

fn pool(pool: &Value) -> String {
    let samples = &pool["samples"];
    let Some(ready) = samples["ready"].as_u64() else {
        return "-".to_owned();
    };
    let stations = pool["stations"].as_object().into_iter().flatten();
    let states = stations.filter_map(|(name, station)| {
        let state = station["state"].as_str()?;
        let is_shown = state.starts_with("runs") || state.starts_with("pauses");
        is_shown.then(|| format!("{name} {state}"))
    });
    let states: Vec<String> = states.collect();
    let at_work = match states.is_empty() {
        true => "all stations rest or wait".to_owned(),
        false => states.join(", "),
    };
    format!(
        "{ready} of {} samples ready, {} series; {at_work}",
        samples["wanted"], pool["series"]["live"]
    )
}

fn slot(schedule: &Value, newest: u32) -> String {
    let place = slot_place(schedule);
    let block = schedule["slot"]["block"].as_u64();
    let ahead = block.and_then(|block| block.checked_sub(newest.into()));
    match (schedule["code"].as_str(), ahead) {
        (Some("waiting"), Some(blocks)) => format!("{place}, in {blocks} blocks"),
        (Some(code), _) => format!("{place}, {code}"),
        (None, _) => place,
    }
}

fn slot_place(schedule: &Value) -> String {
    let slot = &schedule["slot"];
    match slot["block"].as_u64() {
        Some(block) => format!("block {block}, slot {} of {}", slot["index"], slot["count"]),
        None => "unknown".to_owned(),
    }
}

fn batch(status: &Value) -> String {
    let running = &status["running"];
    if running.is_object() {
        return format!(
            "{}: {} miners, {} jobs, {} accepted, {} over",
            running["phase"].as_str().unwrap_or("runs"),
            running["miners"],
            running["jobs"],
            running["accepted"],
            running["over"]
        );
    }
    let last = &status["last"];
    match last["end"].as_str() {
        Some(end) => format!(
            "{end}: {} of {} jobs right, in {} ms",
            sum(last, "right"),
            sum(last, "jobs"),
            number(last, "ended_ms").saturating_sub(number(last, "started_ms"))
        ),
        None => "-".to_owned(),
    }
}

/// A miner's vice, its scores, and its weight on the chain.
fn miner_cell(progress: &Progress, index: usize) -> String {
    let Some(hotkey) = progress.hotkeys.get(index) else {
        return String::new();
    };
    let score = |class| {
        let row = class_of(&progress.look, hotkey, class);
        let score = row.and_then(|row| row["score"].as_f64());
        score.map_or("-".to_owned(), |score| format!("{score:.2}"))
    };
    let weight = progress.look.revealed_weight(hotkey);
    let weight = weight.map_or("-".to_owned(), |weight| weight.to_string());
    let (gpu, llm) = (score(GPU), score(LLM));
    format!("{index:>2} {:<14}{gpu:>5}{llm:>5}{weight:>7}", vice(index))
}

fn weights(progress: &Progress) -> String {
    let Some(cycle) = progress.look.last_weights() else {
        return "-".to_owned();
    };
    let state = cycle["state"].as_str().unwrap_or_default();
    let why = cycle["waiting_for"].as_str();
    let why = cycle["end"]["reason"].as_str().or(why);
    match why {
        Some(why) => format!("{state}: {why}"),
        None => state.to_owned(),
    }
}

fn cut(line: String) -> String {
    line.chars().take(COLUMNS).collect()
}
