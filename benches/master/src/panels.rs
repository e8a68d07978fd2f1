//! What the operator sees of many slaves: the panel and the report are built for each request.

use std::time::Duration;

use serde_json::{Value, json};
use tig_bench_report::{Report, Result, Target, median_of_thread};
use tig_plugin_api::HttpRequest;
use tig_plugin_api::panel::{Panel, Widget};

use crate::driver::{Instance, Plugins, get_batch};
use crate::world::config;

/// Slaves that have asked for work; half of them have a batch, and a third has had a result rejected.
const SLAVES: usize = 10_000;

/// Nonces per batch.
const BATCH_SIZE: u64 = 8;

/// Answers of a round: the clock of a thread shows milliseconds, and one answer may take less.
const CALLS_PER_ROUND: u32 = 100;

/// Time for the rounds of one number.
const BUDGET: Duration = Duration::from_secs(5);

/// An answer takes the thread of the extension, which hands batches out, no longer.
const ANSWER: Target = Target::AtMost(10.0);

pub(crate) fn measure(report: &mut Report, plugins: &Plugins) -> Result<()> {
    let mut manager = plugins.start("slave_manager", &config(BATCH_SIZE))?;
    for number in 0..SLAVES {
        fill(&mut manager, number)?;
    }
    let rows = panel_rows(&mut manager)?;
    if rows != SLAVES as u64 {
        return Err(format!("the panel has {rows} slaves in place of {SLAVES}").into());
    }
    for (what, target) in [
        ("panel", "/operator/panel/slaves"),
        ("panel, found by name", "/operator/panel/slaves?find=99"),
        ("panel, last page", "/operator/panel/slaves?offset=9800"),
        ("panel, one slave", "/operator/panel/slaves?id=slave-77"),
        ("GET /slaves", "/slaves"),
        ("GET /slaves, a page", "/slaves?limit=200"),
    ] {
        let asked = request(target);
        record(report, what, || match manager.request(&asked)?.status {
            200 => Ok(()),
            status => Err(format!("{target} was answered {status}").into()),
        })?;
    }
    record(report, "update, with metrics and conditions", || {
        // All rounds together take no minute, after which the slaves would count as gone.
        manager.memory.now_ms += 1;
        manager.update()
    })
}

/// Records how long one call takes.
fn record(report: &mut Report, what: &str, mut call: impl FnMut() -> Result<()>) -> Result<()> {
    let time = median_of_thread(BUDGET, || (0..CALLS_PER_ROUND).try_for_each(|_| call()))?;
    let one = time.as_secs_f64() / f64::from(CALLS_PER_ROUND);
    report.number(&format!("{SLAVES} slaves: {what}"), one * 1e3, "ms", ANSWER)
}

/// Adds slave `number` to those that are known.
fn fill(manager: &mut Instance, number: usize) -> Result<()> {
    let name = format!("slave-{number}");
    if number.is_multiple_of(2) {
        manager.event("new_batch", &serde_json::to_vec(&batch(number))?)?;
    }
    manager.request(&get_batch(&name))?;
    if number.is_multiple_of(3) {
        let wrong = HttpRequest {
            method: "POST".to_owned(),
            path: "/submit-batch-result/unknown_0".to_owned(),
            body: b"{}".to_vec(),
            ..get_batch(&name)
        };
        manager.request(&wrong)?;
    }
    Ok(())
}

fn batch(number: usize) -> Value {
    json!({ "benchmark_id": format!("job{}", number / 1_000), "num_nonces": BATCH_SIZE,
        "start_nonce": number as u64 * BATCH_SIZE, "batch_size": BATCH_SIZE, "rand_hash": "r", "sampled_nonces": [],
        "settings": { "player_id": "0x1", "block_id": "b", "challenge_id": "c003", "algorithm_id": "c003_a001",
            "difficulty": [50, 10] },
        "wasm_vm_config": { "max_memory": 1, "max_fuel": 2 }, "download_url": "http://x/a.wasm" })
}

fn request(target: &str) -> HttpRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    HttpRequest {
        path: path.to_owned(),
        query: query.to_owned(),
        ..get_batch("operator")
    }
}

fn panel_rows(manager: &mut Instance) -> Result<u64> {
    let reply = manager.request(&request("/operator/panel/slaves"))?;
    let panel: Panel = serde_json::from_slice(&reply.body)?;
    let rows = panel.widgets.iter().find_map(|widget| match widget {
        Widget::Table(table) => Some(table.rows_total),
        _ => None,
    });
    Ok(rows.unwrap_or_default())
}
