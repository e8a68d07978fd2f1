//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// A block, so many after the first one of the cycle.
    Block(u32),
    /// An answer of the chain at such a block; `None` is of the newest one.
    Neurons(u32, Option<u32>),
    Serve(bool),
    Missed,
    Command,
    Reload,
}

fn play(schedules: &mut Schedules, step: &Step) -> Result<Value> {
    match step {
        Step::Block(after) => {
            schedules.try_event("horde_block", Chain::at(START + after).block())?;
        }
        Step::Neurons(after, wanted) => {
            let chain = Chain::at(START + after);
            if let Some(answer) = chain.answer(&json!({ "block": wanted })) {
                schedules.try_event("horde_neurons", answer)?;
            }
        }
        Step::Serve(serving) => {
            schedules.try_event("horde_dynamic_config", json!({ "serving": serving }))?;
        }
        Step::Missed => {
            let missed = json!({ "cycle_start": START, "block": 1, "code": "busy", "reason": "r" });
            schedules.try_event("horde_batch_missed", missed)?;
        }
        Step::Command => schedules
            .command("run_synthetic_jobs", &json!({}))
            .map(drop)?,
        Step::Reload => schedules.try_reload()?,
    }
    let reply = schedules.request("GET", "/horde/schedule", &[], "")?;
    Ok(serde_json::from_slice(&reply.body)?)
}

/// Each call of two cycles, refused once.
#[test]
fn each_call_of_a_cycle_can_be_refused() {
    use Step::{Block, Command, Missed, Neurons, Reload, Serve};

    let slot = slot_of(START).block - START;
    let steps = [
        Block(0),
        Neurons(0, Some(START - 3)),
        Block(4),
        Neurons(4, Some(START)),
        Serve(false),
        Block(slot - 9),
        Serve(true),
        Command,
        Block(slot - 8),
        Neurons(slot - 8, None),
        Reload,
        Block(slot - 2),
        Neurons(slot - 1, None),
        Block(slot),
        Missed,
        Block(slot + 1),
        Block(slot + 2),
        Block(CYCLE + 4),
        Neurons(CYCLE + 4, Some(START + CYCLE - 3)),
        Neurons(CYCLE + 4, Some(START + CYCLE)),
        Block(4 * CYCLE + 1),
    ];
    for k in 1..60 {
        check_failed_handlers(start, &steps, k, play);
    }
}

fn step() -> impl Strategy<Value = Step> {
    let slot = slot_of(START).block - START;
    let after = || {
        prop_oneof![
            0_u32..30,
            (slot - 12)..(slot + 6),
            (CYCLE - 2)..(CYCLE + 40)
        ]
    };
    let wanted = prop::sample::select(
        &[
            None,
            None,
            Some(START - 3),
            Some(START),
            Some(START + CYCLE - 3),
            Some(START + CYCLE),
        ][..],
    );
    prop_oneof![
        5 => after().prop_map(Step::Block),
        5 => (after(), wanted).prop_map(|(after, wanted)| Step::Neurons(after, wanted)),
        1 => any::<bool>().prop_map(Step::Serve),
        1 => Just(Step::Missed),
        1 => Just(Step::Command),
        1 => Just(Step::Reload),
    ]
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..30),
        k in 1_u64..60,
    ) {
        check_failed_handlers(start, &steps, k, play);
    }
}
