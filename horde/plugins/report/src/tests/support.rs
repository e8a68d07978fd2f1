//! What the others say, and what of the extension is seen.

use tig_keyring::Keypair;
use tig_plugin_api::testing::{Harness, TestKey};

use super::*;

pub(super) const VERSION: &str = "DYNAMIC_WEIGHTS_VERSION";
pub(super) const CLASS: &str = "spin_up-4min.gpu-24gb";
pub(super) const COLLECTOR: &str = "http://collector/v0/";

/// Milliseconds of the default interval.
pub(super) const INTERVAL_MS: u64 = 300_000;

pub(super) type Report = Harness<HordeReport>;

fn keypair() -> Keypair {
    Keypair::from_seed(&[7; 32])
}

pub(super) fn hotkey() -> String {
    keypair().public().to_ss58()
}

pub(super) fn try_start(section: Value) -> Result<Report> {
    let public = *keypair().public().as_bytes();
    let key = TestKey::new("hotkey", public, |bytes| {
        keypair().sign(bytes, &[0; 32]).as_bytes().to_vec()
    });
    let settings = json!({ "name": "horde_report", "config": { "horde_report": section } });
    Harness::start_with_keys(settings, vec![key])
}

pub(super) fn start_with(section: Value) -> Report {
    try_start(section).unwrap_or_else(|error| panic!("new: {error}"))
}

/// With files to fetch, and the first round under way.
pub(super) fn start_fetching() -> Report {
    let mut report = start_with(urls());
    report.advance_ms(100);
    report
}

pub(super) fn urls() -> Value {
    json!({ "source": "url", "url_validator": "http://files/v.json", "url_common": "http://files/c.json" })
}

/// With a collector, and nothing to send yet.
pub(super) fn start_sending() -> Report {
    let mut report = start_with(json!({ "stats_collector_url": COLLECTOR }));
    report.advance_ms(100);
    report
}

/// Tag of the open request that begins so.
pub(super) fn open_tag(report: &Report, prefix: &str) -> Option<String> {
    let mut calls = report.http_calls().iter();
    let call = calls.find(|call| call.tag.starts_with(prefix));
    call.map(|call| call.tag.clone())
}

/// Answers the open requests for both files.
pub(super) fn answer(report: &mut Report, validator: (u16, &str), common: (u16, &str)) {
    for (prefix, (status, body)) in [("fetch/validator/", validator), ("fetch/common/", common)] {
        let tag = open_tag(report, prefix).expect("the file was asked for");
        report.respond(&tag, status, body);
    }
}

/// The next round, with these answers.
pub(super) fn next_round(report: &mut Report, validator: (u16, &str), common: (u16, &str)) {
    report.advance_ms(INTERVAL_MS);
    answer(report, validator, common);
}

/// A file that sets one key.
pub(super) fn file(key: &str, value: Value) -> String {
    file_of(key, json!([{ "value": value, "reason": "because" }]))
}

pub(super) fn file_of(key: &str, items: Value) -> String {
    json!({ key: { "description": "d", "items": items } }).to_string()
}

/// The dynamic configs that were emitted since the last call.
pub(super) fn emitted(report: &mut Report) -> Vec<DynamicConfig> {
    let events = report.emitted().into_iter();
    let configs = events.filter(|(name, _)| name == "horde_dynamic_config");
    configs
        .map(|(_, event)| serde_json::from_value(event).unwrap())
        .collect()
}

pub(super) fn version(report: &mut Report) -> u64 {
    status(report)["dynamic_config"]["values"]["weights_version"]
        .as_u64()
        .unwrap()
}

pub(super) fn status(report: &mut Report) -> Value {
    let reply = report.request("GET", "/horde/status", &[], "").unwrap();
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

/// Lines of the log at this level since the last call.
pub(super) fn logs(report: &mut Report, level: &str) -> Vec<String> {
    let lines = report.logs().into_iter();
    let lines = lines.filter(|(of, _)| of == level);
    lines.map(|(_, text)| text).collect()
}

/// Calls a command that ends at once.
pub(super) fn call(report: &mut Report, command: &str, arguments: &Value) -> Result<Value> {
    let ticket = report.command(command, arguments)?;
    let (code, value) = report.finished(ticket).expect("it has ended");
    assert_eq!(code, 0);
    Ok(value.clone())
}

pub(super) fn set(report: &mut Report, key: &str, value: &str) -> Result<Value> {
    call(
        report,
        "constance_set",
        &json!({ "key": key, "value": value }),
    )
}

pub(super) fn weights_over(cycle_start: u64, end: &Value) -> Value {
    let mut over =
        json!({ "cycle_start": cycle_start, "attempts": 2, "at_ms": 1_700_000_000_000_u64 });
    let fields = end.as_object().unwrap().clone();
    over.as_object_mut().unwrap().extend(fields);
    over
}

pub(super) fn applied(report: &mut Report, cycle_start: u64) {
    let end = json!({ "end": "applied", "block": 5 });
    report.event("horde_weights_over", weights_over(cycle_start, &end));
}

pub(super) fn job(hotkey: &str, result: &str) -> Value {
    json!({
        "uuid": "u", "hotkey": hotkey, "executor_class": CLASS, "result": result, "score_bits": 0, "bonus_bits": 0,
    })
}

pub(super) fn batch_over(batch: &str, jobs: &[Value]) -> Value {
    json!({ "batch": batch, "cycle_start": 722, "is_whole": true, "jobs": jobs })
}

pub(super) fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A status without an answer of the miner.
pub(super) fn job_status(number: usize, status: &str) -> Value {
    json!({
        "uuid": uuid(number), "status": status, "hotkey": "5Miner", "at_ms": 1_700_000_000_000_u64,
        "metadata": { "comment": "no miner serves", "miner_response": null },
    })
}

/// A status with an answer of the miner, whose outputs are in the comment, too.
pub(super) fn answered_job(number: usize, status: &str, message: &str) -> Value {
    let mut given = job_status(number, status);
    given["metadata"] = json!({
        "comment": "finished: stdout='s3cret'",
        "miner_response": {
            "job_uuid": "u", "message_type": message, "docker_process_stderr": "s3cret", "docker_process_stdout": "s3cret",
        },
    });
    given
}

/// The stored system events, the oldest first.
pub(super) fn stored_events(report: &Report) -> Vec<Value> {
    let stored = report.stored().into_iter();
    let rows = stored.filter(|(key, _)| key.starts_with("events/row/"));
    rows.map(|(_, row)| row["event"].clone()).collect()
}

/// The system events of the open request to the collector.
pub(super) fn sent_events(report: &Report) -> Vec<Value> {
    let mut calls = report.http_calls().iter();
    let call = calls.find(|call| call.tag.starts_with("send/"));
    serde_json::from_slice(&call.expect("events are on their way").body).unwrap()
}

/// Answers the open request to the collector.
pub(super) fn collector_answers(report: &mut Report, status: u16) {
    let tag = open_tag(report, "send/").expect("events are on their way");
    report.respond(&tag, status, "");
}
