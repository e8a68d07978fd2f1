//! What the other extensions say, and what of it is seen.

use std::collections::BTreeMap;

use horde_events::MadeJob;
use tig_keyring::PublicKey;
use tig_plugin_api::testing::Harness;

use super::*;

pub(super) const SPIN_UP: &str = "spin_up-4min.gpu-24gb";
pub(super) const ALWAYS_ON: &str = "always_on.gpu-24gb";
pub(super) const LLM: &str = "always_on.llm.a6000";

/// Kinds of the tests' config.
pub(super) const HASH: &str = "horde_job_hash";
pub(super) const ECHO: &str = "horde_job_echo";

/// Microseconds that an answer takes.
pub(super) const TAKEN_US: u64 = 500_000;

pub(super) type Batches = Harness<HordeBatch>;

pub(super) fn start_with(section: Value) -> Batches {
    Harness::start(json!({ "name": "horde_batch", "config": { "horde_batch": section } }))
}

pub(super) fn start() -> Batches {
    start_with(json!({ "kinds": { SPIN_UP: HASH, ALWAYS_ON: ECHO } }))
}

pub(super) fn hotkey(number: u8) -> String {
    PublicKey::from_bytes([number; 32]).to_ss58()
}

pub(super) fn arguments(miners: u8) -> Value {
    let miner = |number| json!({ "hotkey": hotkey(number), "host": "127.0.0.1", "port": 9000 + u16::from(number) });
    json!({ "miners": (0..miners).map(miner).collect::<Vec<_>>() })
}

pub(super) fn run_batch(batches: &mut Batches, miners: u8) -> Ticket {
    let ticket = batches.command("run_batch", &arguments(miners));
    ticket.unwrap_or_else(|error| panic!("run_batch: {error}"))
}

/// The batch of a cycle with so many miners is due.
pub(super) fn due_event(cycle_start: u64, until_ms: u64, miners: u8) -> Value {
    let miners = &arguments(miners)["miners"];
    json!({ "cycle_start": cycle_start, "block": 7, "until_ms": until_ms, "miners": miners })
}

/// The arguments of the events of one name among those emitted since the last call.
pub(super) fn emitted(batches: &mut Batches, name: &str) -> Vec<Value> {
    let events = batches.emitted().into_iter();
    events
        .filter(|(of, _)| of == name)
        .map(|(_, event)| event)
        .collect()
}

/// Name of the batch that is under way.
pub(super) fn batch_name(batches: &Batches) -> String {
    let batch = batches.extension().current.as_ref();
    batch.expect("a batch is under way").head.batch.clone()
}

pub(super) fn link_up(batches: &mut Batches, number: u8, manifest: &[(&str, u32)]) {
    let manifest: Vec<_> = manifest
        .iter()
        .map(|(class, count)| json!({ "executor_class": class, "count": count }))
        .collect();
    let state = json!({ "up": { "manifest": manifest } });
    link(batches, number, &state);
}

pub(super) fn link_down(batches: &mut Batches, number: u8, reason: &str) {
    link(batches, number, &json!({ "down": { "reason": reason } }));
}

fn link(batches: &mut Batches, number: u8, state: &Value) {
    let event = json!({ "hotkey": hotkey(number), "state": state });
    batches.event("horde_miner_link", event);
}

/// A job that [`answer_asks`] has made.
#[derive(Clone, Debug)]
pub(super) struct TestJob {
    pub(super) uuid: String,
    pub(super) hotkey: String,
}

/// The answer of a job kind that makes all jobs it is asked for. The number of the ask becomes part of their uuids.
pub(super) fn jobs_made(wanted: &Value) -> (Value, Vec<TestJob>) {
    jobs_made_at_most(wanted, usize::MAX)
}

/// The answer of a job kind that makes so many of the jobs it is asked for.
fn jobs_made_at_most(wanted: &Value, jobs_max: usize) -> (Value, Vec<TestJob>) {
    let wanted: JobsWanted = serde_json::from_value(wanted.clone()).unwrap();
    let numbered = wanted.hotkeys().take(jobs_max).enumerate();
    let jobs: Vec<_> = numbered
        .map(|(number, hotkey)| TestJob {
            uuid: horde_proto::uuid_v4([wanted.ask, number as u64]),
            hotkey: hotkey.to_owned(),
        })
        .collect();
    let made = wanted.answer(jobs.iter().map(made_job).collect(), None);
    (serde_json::to_value(made).unwrap(), jobs)
}

fn made_job(job: &TestJob) -> MadeJob {
    let frame = |text: &str| serde_json::value::to_raw_value(text).unwrap();
    MadeJob {
        uuid: job.uuid.clone(),
        hotkey: job.hotkey.clone(),
        timeout_seconds: 53,
        reservation: frame("much text"),
        request: frame("more text"),
        check: json!(format!("check of {}", job.uuid)),
        description: "work".to_owned(),
    }
}

/// Makes all jobs that were asked for.
pub(super) fn answer_asks(batches: &mut Batches) -> Vec<TestJob> {
    answer_asks_in_part(batches, usize::MAX)
}

/// Makes so many jobs of each ask.
pub(super) fn answer_asks_in_part(batches: &mut Batches, jobs_max: usize) -> Vec<TestJob> {
    let mut all = Vec::new();
    for wanted in emitted(batches, "horde_jobs_wanted") {
        let (made, jobs) = jobs_made_at_most(&wanted, jobs_max);
        batches.event("horde_jobs_made", made);
        all.extend(jobs);
    }
    all
}

pub(super) fn over_event(batch: &str, job: &TestJob, outcome: &Value) -> Value {
    let start = 1_700_000_000_000_000_u64;
    let mut over = json!({
        "group": batch,
        "uuid": job.uuid,
        "hotkey": job.hotkey,
        "times": {
            "reserved_us": start,
            "accepted_us": start,
            "ready_us": start,
            "run_us": start,
            "answered_us": start + TAKEN_US,
        },
    });
    let fields = outcome.as_object().unwrap().clone();
    over.as_object_mut().unwrap().extend(fields);
    over
}

pub(super) fn finished(stdout: &str) -> Value {
    json!({ "outcome": "finished", "stdout": stdout, "stderr": "" })
}

pub(super) fn job_over(batches: &mut Batches, job: &TestJob, outcome: &Value) {
    let event = over_event(&batch_name(batches), job, outcome);
    batches.event("horde_job_over", event);
}

pub(super) fn checked_event(batch: &str, uuid: &str, verdict: &Value) -> Value {
    let mut checked = json!({ "batch": batch, "uuid": uuid });
    let fields = verdict.as_object().unwrap().clone();
    checked.as_object_mut().unwrap().extend(fields);
    checked
}

pub(super) fn right() -> Value {
    json!({ "verdict": "right" })
}

/// Gives the same verdict on all answers that were given.
pub(super) fn check_answers(batches: &mut Batches, verdict: &Value) -> usize {
    let batch = batch_name(batches);
    let answers = emitted(batches, "horde_answer_given");
    for answer in &answers {
        let checked = checked_event(&batch, answer["uuid"].as_str().unwrap(), verdict);
        batches.event("horde_answer_checked", checked);
    }
    answers.len()
}

/// Gives right verdicts on all answers that are stored, and keeps what is emitted by that.
pub(super) fn check_each_answer(batches: &mut Batches) {
    let batch = batch_name(batches);
    let uuids: Vec<_> = batches
        .stored()
        .into_keys()
        .filter_map(|key| key.strip_prefix("answer/").map(str::to_owned))
        .collect();
    batches.emitted();
    for uuid in uuids {
        let checked = checked_event(&batch, &uuid, &right());
        batches.event("horde_answer_checked", checked);
    }
}

/// A batch of so many miners, each with one executor, whose jobs run.
pub(super) fn running(miners: u8) -> (Batches, Ticket, Vec<TestJob>) {
    running_with(start(), miners)
}

pub(super) fn running_with(mut batches: Batches, miners: u8) -> (Batches, Ticket, Vec<TestJob>) {
    let ticket = run_batch(&mut batches, miners);
    for number in 0..miners {
        link_up(&mut batches, number, &[(SPIN_UP, 1)]);
    }
    let jobs = answer_asks(&mut batches);
    (batches, ticket, jobs)
}

/// Code and report of a command that has ended.
pub(super) fn end(batches: &Batches, ticket: Ticket) -> (u8, BatchReport) {
    let (code, report) = batches.finished(ticket).expect("the batch is over");
    (code, serde_json::from_value(report.clone()).unwrap())
}

/// What is stored, but for reports.
pub(super) fn left(batches: &Batches) -> BTreeMap<String, Value> {
    let mut stored = batches.stored();
    stored.retain(|key, _| !key.starts_with("finished/"));
    stored
}
