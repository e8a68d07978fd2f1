//! The result for people and for scripts.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tig_process::output::table;

use super::judge::Evidence;
use super::settled::stored;
use super::watch::Watch;
use crate::horde::columns::sum;
use crate::output;

/// Shows what became of cycles and jobs.
pub(super) fn show(evidence: &Evidence, watch: &Watch, as_json: bool) {
    let cycles: Vec<Value> = evidence
        .cycles
        .iter()
        .map(|cycle| row(watch, u64::from(*cycle)))
        .collect();
    let mut jobs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for job in evidence.jobs() {
        let last = stored(job)
            .last()
            .and_then(|status| status["status"].as_str());
        let version = job["version"].as_str().unwrap_or_default();
        *jobs.entry((version, last.unwrap_or("none"))).or_default() += 1;
    }
    if as_json {
        let jobs = jobs.iter().map(|((version, status), count)| {
            json!({ "version": version, "status": status, "jobs": count })
        });
        let jobs: Vec<_> = jobs.collect();
        output::result(
            &json!({ "cycles": cycles, "jobs": jobs, "kills": watch.kills }).to_string(),
        );
        return;
    }
    let head = [
        "CYCLE", "SLOT", "BATCH", "RIGHT", "JOBS", "WEIGHTS", "BLOCK", "ATTEMPTS",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for cycle in &cycles {
        let keys = [
            "cycle",
            "slot",
            "began",
            "right",
            "jobs",
            "end",
            "end_block",
            "attempts",
        ];
        rows.push(keys.map(|key| shown(&cycle[key])).to_vec());
    }
    table(&rows);
    for ((version, status), count) in jobs {
        output::result(&format!("{count} jobs of {version}: {status}"));
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn row(watch: &Watch, cycle: u64) -> Value {
    let batch = watch
        .batches
        .get(&cycle)
        .and_then(|batches| batches.values().next());
    let weights = watch.weights.get(&cycle).cloned().unwrap_or_default();
    let attempts = ["send_attempts", "reveal_attempts"];
    let attempts: u64 = attempts
        .iter()
        .filter_map(|key| weights[key].as_u64())
        .sum();
    json!({
        "cycle": cycle,
        "slot": watch.slots.get(&cycle),
        "began": batch.map(|it| watch.block_at(it["started_ms"].as_u64().unwrap_or_default())),
        "right": batch.map(|it| sum(it, "right")),
        "jobs": batch.map(|it| sum(it, "jobs")),
        "end": watch.end(cycle),
        "end_block": weights["end"]["block"],
        "attempts": attempts,
    })
}
