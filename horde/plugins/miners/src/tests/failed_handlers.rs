//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use serde_json::json;
use tig_plugin_api::testing::{Harness, check_failed_handlers};
use tig_plugin_api::{Result, WsCloseClass, WsEventKind};

use super::world::*;
use crate::Miners;
use crate::job::FrameKind;

/// Miners and jobs; the job of a number is of the miner of half the number.
const MINERS: usize = 3;
const JOBS: usize = 6;

#[derive(Clone, Debug)]
enum Step {
    Links(Vec<usize>),
    /// A miner alone is wanted, at another address.
    Moved(usize),
    Made(Vec<usize>),
    Group(Vec<usize>),
    Scored(Vec<usize>),
    Open(usize),
    Manifest(usize),
    /// A frame is written, by its number.
    Written(usize, u64),
    Say(&'static str, usize),
    Error(usize, &'static str),
    End(usize, WsCloseClass),
    /// The timer that is due next is due, if it is one alone: a step is one handler.
    Wait,
    Update,
    Reload,
}

fn jobs() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..JOBS, 0..4)
}

fn frame() -> impl Strategy<Value = u64> {
    let kinds = [
        FrameKind::Reservation,
        FrameKind::AcceptedReceipt,
        FrameKind::Request,
    ];
    let kind = prop::sample::select(kinds.to_vec());
    (1_u64..8, kind).prop_map(|(job, kind)| kind.number(job))
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = [
        "AcceptJob",
        "AcceptJob",
        "ExecutorReady",
        "ExecutorReady",
        "JobFinished",
        "JobFinished",
        "JobFailed",
        "DeclineJob",
        "ExecutorFailed",
    ];
    let classes = [
        WsCloseClass::Peer,
        WsCloseClass::Connect,
        WsCloseClass::TooLarge,
        WsCloseClass::Local,
    ];
    let errors = ["Unknown validator: x", "job unknown"];
    prop_oneof![
        3 => prop::collection::vec(0..MINERS, 0..MINERS + 1).prop_map(Step::Links),
        3 => jobs().prop_map(Step::Made),
        4 => jobs().prop_map(Step::Group),
        2 => jobs().prop_map(Step::Scored),
        4 => (0..MINERS).prop_map(Step::Open),
        4 => (0..MINERS).prop_map(Step::Manifest),
        1 => (0..MINERS).prop_map(Step::Moved),
        12 => (0..MINERS, frame()).prop_map(|(miner, frame)| Step::Written(miner, frame)),
        16 => (prop::sample::select(kinds.to_vec()), 0..JOBS).prop_map(|(kind, job)| Step::Say(kind, job)),
        1 => (0..MINERS, prop::sample::select(errors.to_vec())).prop_map(|(miner, text)| Step::Error(miner, text)),
        2 => (0..MINERS, prop::sample::select(classes.to_vec())).prop_map(|(miner, class)| Step::End(miner, class)),
        4 => Just(Step::Wait),
        1 => Just(Step::Update),
        1 => Just(Step::Reload),
    ]
}

fn planned(jobs: &[usize]) -> Vec<Plan> {
    let jobs = jobs.iter();
    jobs.map(|job| (*job, job / 2, CLASS, 240)).collect()
}

fn tag(harness: &Harness<Miners>, miner: usize) -> Option<String> {
    let port = format!(":{}/", 8000 + miner);
    let connections = harness.ws_connections().iter();
    let mut of_miner = connections.filter(|open| open.url.contains(&port));
    of_miner.next_back().map(|open| open.tag.clone())
}

fn advance_to_timer(harness: &mut Harness<Miners>) -> Result<()> {
    let timers = harness.timers().values();
    let Some(next_ms) = timers.clone().min().copied() else {
        return Ok(());
    };
    if timers.filter(|at_ms| **at_ms == next_ms).count() > 1 {
        return Ok(());
    }
    harness.try_advance_ms(next_ms.saturating_sub(harness.now_ms()))
}

fn play(harness: &mut Harness<Miners>, step: &Step) -> Result<()> {
    let at_us = 1_800_000_000_000_000;
    let frame = |text: String| WsEventKind::Frame { text, at_us };
    let (miner, kind) = match step {
        Step::Links(miners) => {
            return harness.try_event("horde_links_wanted", links_wanted(miners));
        }
        Step::Moved(number) => {
            let mut wanted = links_wanted(&[*number]);
            wanted["miners"][0]["host"] = json!("127.0.0.2");
            return harness.try_event("horde_links_wanted", wanted);
        }
        Step::Made(jobs) => {
            return harness.try_event("horde_jobs_made", jobs_made(&planned(jobs)));
        }
        Step::Group(jobs) => {
            return harness.try_event("horde_group_wanted", group_wanted(&planned(jobs)));
        }
        Step::Scored(jobs) => {
            let jobs = jobs.iter();
            let jobs: Vec<_> = jobs
                .map(|job| json!({ "uuid": uuid(*job), "score_text": "1" }))
                .collect();
            let scored = json!({ "group": GROUP, "jobs": jobs });
            return harness.try_event("horde_jobs_scored", scored);
        }
        Step::Wait => return advance_to_timer(harness),
        Step::Update => return harness.try_event("update", json!({})),
        Step::Reload => return harness.try_reload(),
        Step::Open(miner) => (*miner, WsEventKind::Opened { at_us: 1 }),
        Step::Manifest(miner) => (*miner, frame(manifest())),
        Step::Say(kind, job) => (job / 2, frame(message(kind, *job))),
        Step::Error(miner, details) => {
            let error = json!({ "message_type": "GenericError", "details": details });
            (*miner, frame(error.to_string()))
        }
        Step::End(miner, class) => {
            let (code, reason, unsent, class) = (None, String::new(), 1, *class);
            let closed = WsEventKind::Closed {
                code,
                reason,
                class,
                unsent,
            };
            (*miner, closed)
        }
        Step::Written(miner, frame) => {
            let written = WsEventKind::Written {
                frame: *frame,
                at_us: 1_700_000_000_000_000,
            };
            (*miner, written)
        }
    };
    match tag(harness, miner) {
        Some(tag) => harness.try_ws(&tag, kind),
        None => Ok(()),
    }
}

/// All links are up, and four jobs are accepted.
fn begun() -> Harness<Miners> {
    let mut world = start();
    world.link(&[0, 1, 2]);
    world.begin_at("accepted", &[(0, 0), (1, 0), (2, 1), (3, 1)]);
    world.0
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..60),
        k in 1_u64..200,
        is_begun in any::<bool>(),
    ) {
        let start = if is_begun { begun } else { start_harness };
        check_failed_handlers(start, &steps, k, play);
    }

    /// Whatever happens in whatever order, with reloads and kills between: nothing panics, and no job has two outcomes.
    #[test]
    fn no_job_has_two_outcomes(
        steps in prop::collection::vec((step(), prop::bool::weighted(0.02)), 1..120),
    ) {
        let mut harness = begun();
        let mut ended = std::collections::BTreeSet::new();
        for (step, is_killed) in &steps {
            play(&mut harness, step).unwrap();
            if *is_killed {
                harness.kill();
                harness.advance_ms(START_PAUSE_MS_MAX);
            }
            for (name, event) in harness.emitted() {
                if name == "horde_job_over" {
                    let uuid = event["uuid"].as_str().unwrap().to_owned();
                    prop_assert!(ended.insert(uuid), "{event}");
                }
            }
        }
        // After a last kill, all that was ever begun is over.
        harness.kill();
        harness.advance_ms(START_PAUSE_MS_MAX);
        for (name, event) in harness.emitted() {
            if name == "horde_job_over" {
                prop_assert!(ended.insert(event["uuid"].as_str().unwrap().to_owned()), "{event}");
            }
        }
        for (key, group) in harness.stored() {
            if key.starts_with("group/") {
                for job in group["jobs"].as_array().unwrap() {
                    prop_assert!(ended.contains(job["uuid"].as_str().unwrap()));
                }
            }
        }
    }
}
