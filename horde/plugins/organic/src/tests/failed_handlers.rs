//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::{Harness, check_failed_handlers};

use super::*;
use crate::job::Phase;

#[derive(Clone, Debug)]
enum Act {
    V1(u64, u8),
    V2(u64),
    Neurons(u32),
    Up(u8),
    Down(u8),
    /// The first attempt is accepted.
    Accepted,
    /// The first attempt is over.
    Over(&'static str),
    /// The router has chosen for the first job that waits for it.
    Chosen(u8),
    BatchWants,
    Admin,
    Block,
    Timer,
    Reload,
    Update,
}

fn act() -> impl Strategy<Value = Act> {
    let outcome =
        prop::sample::select(&["finished", "declined", "interrupted", "executor_failed"][..]);
    prop_oneof![
        4 => (0_u64..4, 1_u8..3).prop_map(|(number, miner)| Act::V1(number, miner)),
        4 => (4_u64..8).prop_map(Act::V2),
        2 => (1_u32..9).prop_map(Act::Neurons),
        6 => (1_u8..3).prop_map(Act::Up),
        1 => (1_u8..3).prop_map(Act::Down),
        2 => Just(Act::Accepted),
        5 => outcome.prop_map(Act::Over),
        3 => (1_u8..4).prop_map(Act::Chosen),
        1 => Just(Act::BatchWants),
        1 => Just(Act::Admin),
        1 => Just(Act::Block),
        4 => Just(Act::Timer),
        1 => Just(Act::Reload),
        1 => Just(Act::Update),
    ]
}

/// What the extension waits for is known from the instance, so that both harnesses play the same.
fn play(harness: &mut Harness<Organic>, act: &Act) -> Result<Value> {
    let attempt = harness.extension().attempts.keys().next().cloned();
    let attempt = attempt.unwrap_or_default();
    let received_ms = harness.now_ms();
    match act {
        Act::V1(number, miner) => {
            harness.try_event(
                "horde_job_requested",
                requested(&v1(*number, *miner), received_ms),
            )?;
        }
        Act::V2(number) => {
            harness.try_event(
                "horde_job_requested",
                requested(&v2(*number, START_MS), received_ms),
            )?;
        }
        Act::Neurons(block) => harness.try_event("horde_neurons", neurons(*block, &[1, 2]))?,
        Act::Up(miner) => harness.try_event("horde_miner_link", up(*miner, CLASS, 2))?,
        Act::Down(miner) => harness.try_event("horde_miner_link", down(*miner))?,
        Act::Accepted => {
            let step = json!({ "group": attempt, "uuid": attempt, "step": "accepted", "at_us": 1 });
            harness.try_event("horde_job_step", step)?;
        }
        Act::Over(outcome) => {
            let outcome = json!({ "outcome": outcome, "stdout": "x", "stderr": "" });
            harness.try_event("horde_job_over", over(&attempt, "h", &outcome, true))?;
        }
        Act::Chosen(miner) => {
            let mut jobs = harness.extension().jobs.values();
            let job = jobs.find(|job| job.phase == Phase::Choosing);
            let answer = json!({
                "job": job.map_or("none", |job| job.uuid.as_str()),
                "attempt": job.map_or(0, |job| job.attempts.len() + 1),
                "hotkey": hotkey(*miner),
            });
            harness.try_event("horde_miner_chosen", answer)?;
        }
        Act::BatchWants => {
            let wanted = json!({
                "ask": 1, "batch": "b", "kind": "k", "executor_class": CLASS, "weights_version": 1,
                "miners": [{ "hotkey": hotkey(1), "count": 1 }],
            });
            harness.try_event("horde_jobs_wanted", wanted)?;
        }
        Act::Admin => {
            let arguments = json!({
                "miner_hotkey": hotkey(1), "executor_class": CLASS, "timeout": 60, "docker_image": "image",
            });
            harness
                .command("debug_run_organic_job", &arguments)
                .map(drop)?;
        }
        Act::Block => {
            let arguments = json!({ "hotkey": hotkey(2), "seconds": 1 });
            harness.command("block_miner", &arguments).map(drop)?;
        }
        Act::Timer => harness.try_next_timer()?,
        Act::Reload => harness.try_reload()?,
        Act::Update => harness.try_event("update", json!({}))?,
    }
    let report = harness.request("GET", "/horde/organic", &[], "")?;
    Ok(serde_json::from_slice(&report.body)?)
}

fn harness() -> Harness<Organic> {
    Harness::start(settings(section()))
}

fn with_router() -> Harness<Organic> {
    let mut section = section();
    section["router_ms"] = json!(200);
    Harness::start(settings(section))
}

/// Each call of jobs that a router gives away, refused once.
#[test]
fn each_call_of_a_choice_can_be_refused() {
    let acts = [
        Act::Timer,
        Act::Neurons(1),
        Act::Up(1),
        Act::Up(2),
        Act::V2(5),
        Act::Chosen(1),
        Act::Up(1),
        Act::Over("declined"),
        Act::Chosen(3),
        Act::Up(2),
        Act::Over("finished"),
        Act::V2(6),
        Act::Reload,
        Act::Timer,
        Act::Timer,
        Act::Timer,
    ];
    for k in 1..80 {
        check_failed_handlers(with_router, &acts, k, play);
    }
}

/// Each call of some whole jobs, refused once.
#[test]
fn each_call_of_a_job_can_be_refused() {
    let acts = [
        Act::Timer,
        Act::V1(1, 1),
        Act::Neurons(1),
        Act::Up(1),
        Act::Accepted,
        Act::Reload,
        Act::Timer,
        Act::Over("finished"),
        Act::V1(1, 1),
        Act::Up(2),
        Act::BatchWants,
        Act::V2(5),
        Act::Timer,
        Act::Up(1),
        Act::Up(2),
        Act::Over("declined"),
        Act::Timer,
        Act::Down(1),
        Act::Down(2),
        Act::Admin,
        Act::Timer,
        Act::Up(1),
        Act::Timer,
        Act::Block,
        Act::Update,
        Act::V2(6),
        Act::Timer,
        Act::Timer,
        Act::Timer,
    ];
    for k in 1..150 {
        check_failed_handlers(harness, &acts, k, play);
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        acts in prop::collection::vec(act(), 1..40),
        k in 1_u64..150,
        has_router in any::<bool>(),
    ) {
        let start = if has_router { with_router } else { harness };
        check_failed_handlers(start, &acts, k, play);
    }
}
