//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// The next timer.
    Timer,
    /// Both open fetches are answered: with a file of this version, or without one.
    Fetched(&'static str, Option<u64>),
    Set(&'static str),
    Drop,
    Fetch,
    Evict,
    Batch(u8),
    Weights(u64),
    Job(usize, &'static str),
    Down(&'static str),
    Chain(&'static str),
    Missed(u64),
    Due(u64),
    Collector(u16),
    Reload,
    Status,
}

fn start() -> Report {
    let mut section = urls();
    section["stats_collector_url"] = json!(COLLECTOR);
    section["interval_ms"] = json!(60_000);
    start_with(section)
}

fn step() -> impl Strategy<Value = Step> {
    let file = prop::sample::select(&["fetch/validator/", "fetch/common/"][..]);
    let version = prop::sample::select(&[None, Some(1_u64), Some(2), Some(9)][..]);
    let status = prop::sample::select(&["accepted", "completed", "failed", "rejected"][..]);
    let chain = prop::sample::select(&["following", "contradicts"][..]);
    prop_oneof![
        6 => Just(Step::Timer),
        8 => (file, version).prop_map(|(file, version)| Step::Fetched(file, version)),
        2 => prop::sample::select(&["0", "3", "9"][..]).prop_map(Step::Set),
        1 => Just(Step::Drop),
        1 => Just(Step::Fetch),
        1 => Just(Step::Evict),
        2 => (0_u8..3).prop_map(Step::Batch),
        2 => (0_u64..3).prop_map(Step::Weights),
        3 => (0_usize..3, status).prop_map(|(number, status)| Step::Job(number, status)),
        1 => prop::sample::select(&["refused", "silent"][..]).prop_map(Step::Down),
        1 => chain.prop_map(Step::Chain),
        1 => (0_u64..3).prop_map(Step::Missed),
        1 => (0_u64..3).prop_map(Step::Due),
        4 => prop::sample::select(&[201_u16, 201, 500][..]).prop_map(Step::Collector),
        1 => Just(Step::Reload),
        4 => Just(Step::Status),
    ]
}

/// Each step is one handler.
fn play(report: &mut Report, step: &Step) -> Result<Value> {
    match step {
        Step::Timer => report.try_next_timer()?,
        Step::Fetched(file, version) => {
            if let Some(tag) = open_tag(report, file) {
                match version {
                    Some(version) => {
                        report.try_respond(&tag, 200, super::file(VERSION, json!(version)))?;
                    }
                    None => report.try_respond(&tag, 404, "")?,
                }
            }
        }
        Step::Set(value) => {
            let arguments = json!({ "key": VERSION, "value": value });
            report.command("constance_set", &arguments)?;
        }
        Step::Drop => drop(report.command("constance_set", &json!({ "key": VERSION }))?),
        Step::Fetch => drop(report.command("fetch_dynamic_config", &json!({}))?),
        Step::Evict => drop(report.command("evict_old_data", &json!({}))?),
        Step::Batch(number) => {
            let jobs = [job("5A", "late"), job("5B", "right")];
            report.try_event("horde_batch_over", batch_over(&number.to_string(), &jobs))?;
        }
        Step::Weights(cycle) => {
            let end = json!({ "end": "applied", "block": 5 });
            report.try_event("horde_weights_over", weights_over(*cycle, &end))?;
        }
        Step::Job(number, status) => {
            report.try_event("horde_job_status", job_status(*number, status))?;
        }
        Step::Down(reason) => {
            let down = json!({ "hotkey": "5A", "state": { "down": { "reason": reason } } });
            report.try_event("horde_miner_link", down)?;
        }
        Step::Chain(condition) => {
            let state = json!({ "condition": condition, "reason": "r", "since_ms": 1 });
            report.try_event("horde_chain_state", state)?;
        }
        Step::Missed(cycle) => {
            let missed = json!({ "cycle_start": cycle, "block": 1, "code": "busy", "reason": "r" });
            report.try_event("horde_batch_missed", missed)?;
        }
        Step::Due(cycle) => {
            let due = json!({ "cycle_start": cycle, "block": 1, "until_ms": 1, "miners": [] });
            report.try_event("horde_batch_due", due)?;
        }
        Step::Collector(status) => {
            if let Some(tag) = open_tag(report, "send/") {
                report.try_respond(&tag, *status, "")?;
            }
        }
        Step::Reload => report.try_reload()?,
        Step::Status => {
            let reply = report.request("GET", "/horde/status", &[], "")?;
            return Ok(serde_json::from_slice(&reply.body)?);
        }
    }
    Ok(Value::Null)
}

/// Each call of a whole course, refused once.
#[test]
fn each_call_of_a_course_can_be_refused() {
    use Step::{
        Batch, Chain, Collector, Down, Drop, Due, Evict, Fetch, Fetched, Job, Missed, Reload, Set,
        Status, Timer, Weights,
    };

    let steps = [
        Timer,
        Timer,
        Fetch,
        Fetched("fetch/validator/", Some(2)),
        Fetched("fetch/common/", None),
        Set("3"),
        Status,
        Due(1),
        Batch(1),
        Weights(1),
        Job(1, "accepted"),
        Job(1, "failed"),
        Down("refused"),
        Chain("contradicts"),
        Missed(1),
        Status,
        Timer,
        Timer,
        Fetched("fetch/validator/", Some(9)),
        Fetched("fetch/common/", Some(4)),
        Reload,
        Collector(500),
        Drop,
        Status,
        Timer,
        Timer,
        Collector(201),
        Evict,
        Status,
        Collector(201),
    ];
    let mut whole = start();
    for step in &steps {
        play(&mut whole, step).unwrap();
    }
    assert!(whole.metric("system_events_sent", &[]) > Some(0.0));
    assert_eq!(version(&mut whole), 4, "of the common file");
    // The course makes fewer calls than that.
    for k in 1..130 {
        check_failed_handlers(start, &steps, k, play);
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..150,
    ) {
        check_failed_handlers(start, &steps, k, play);
    }
}
