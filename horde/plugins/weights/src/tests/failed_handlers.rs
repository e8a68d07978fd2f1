//! Failing at any call to the host equals failing and restarting.

use horde_events::{ChainCall, ChainRequest};
use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::world::{CYCLE, REVEAL_START, STOP, Weights};
use super::*;

#[derive(Clone, Debug)]
enum Step {
    Scores,
    NoScores,
    Missed,
    Batch,
    Block(u32),
    Neurons(u32),
    /// Answers the call that is under way, if there is one.
    Answer(&'static str),
    Commits(u32),
    Dynamic(bool),
    Timer,
    Command,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let block = prop::sample::select(&[STOP - 1, STOP, STOP + 4, REVEAL_START, STOP + 722][..]);
    let answer = prop::sample::select(&["done", "refused", "failed", "timed_out"][..]);
    prop_oneof![
        3 => Just(Step::Scores),
        1 => Just(Step::NoScores),
        1 => Just(Step::Missed),
        1 => Just(Step::Batch),
        5 => block.clone().prop_map(Step::Block),
        4 => block.clone().prop_map(Step::Neurons),
        4 => answer.prop_map(Step::Answer),
        4 => block.prop_map(Step::Commits),
        1 => any::<bool>().prop_map(Step::Dynamic),
        2 => Just(Step::Timer),
        1 => Just(Step::Command),
        1 => Just(Step::Reload),
    ]
}

fn start() -> Weights {
    start_with(&section("commit_reveal")).unwrap()
}

fn play(weights: &mut Weights, step: &Step) -> Result<Option<(u8, Value)>> {
    let extension = weights.extension();
    let pending = extension.cycles.values().find_map(|it| it.pending.as_ref());
    let pending = pending.map(|pending| pending.call.clone());
    let read = extension.readings.call.as_ref();
    let read = read.map(|call| (call.call.clone(), call.what.request()));
    let hash = extension
        .cycles
        .values()
        .find_map(|cycle| cycle.commit_hash());
    let hash = hash.map(str::to_owned);
    let scores = |scores: Value| json!({ "cycle_start": CYCLE, "batch": "b", "scores": scores });
    match step {
        Step::Scores => {
            let given = scores(json!({ (hotkey(0)): 1.0, "5X": null }));
            weights.try_event("horde_scores", given)?;
        }
        Step::NoScores => weights.try_event("horde_scores", scores(json!({})))?,
        Step::Missed => {
            let missed = json!({ "cycle_start": CYCLE, "block": 1, "code": "busy", "reason": "x" });
            weights.try_event("horde_batch_missed", missed)?;
        }
        Step::Batch => {
            let over = json!({ "batch": "b", "cycle_start": CYCLE, "is_whole": true, "jobs": [] });
            weights.try_event("horde_batch_over", over)?;
        }
        Step::Block(number) => {
            let block = json!({ "number": number, "hash": "0x", "seen_ms": 0 });
            weights.try_event("horde_block", block)?;
        }
        Step::Neurons(block) => {
            let neurons = Chain::new(*block, 2).neurons_event();
            weights.try_event("horde_neurons", neurons)?;
        }
        Step::Answer(result) => {
            let result = json!({ "result": result, "reason": "why" });
            let answer = json!({ "call": pending, "result": result });
            if pending.is_some() {
                weights.try_event("horde_chain_answer", answer)?;
            }
        }
        Step::Commits(block) => {
            let Some((call, request)) = read else {
                return Ok(None);
            };
            let commits = hash.map(|hash| json!({ "commit_hash": hash, "block": STOP }));
            let commits: Vec<_> = commits.into_iter().filter(|_| block % 2 == 0).collect();
            let result = match request {
                Some(ChainRequest::ReadCommits) => {
                    json!({ "result": "commits", "block": block, "commits": commits })
                }
                _ => json!({ "result": "refused", "reason": "no such route" }),
            };
            let answer = json!({ "call": call, "result": result });
            weights.try_event("horde_chain_answer", answer)?;
        }
        Step::Dynamic(serving) => {
            weights.try_event("horde_dynamic_config", json!({ "serving": serving }))?;
        }
        Step::Timer => weights.try_next_timer()?,
        Step::Command => weights.command("debug_set_scores", &json!({})).map(drop)?,
        Step::Reload => weights.try_reload()?,
    }
    let status = weights.request("GET", "/horde/weights", &[], "")?;
    Ok(Some((0, serde_json::from_slice(&status.body)?)))
}

/// Each call of a cycle from its scores to the reveal, refused once.
#[test]
fn each_call_of_a_cycle_can_be_refused() {
    use Step::{Answer, Block, Command, Commits, Dynamic, Neurons, Scores, Timer};

    let steps = [
        Timer,
        Scores,
        Block(STOP),
        Commits(0),
        Neurons(STOP),
        Commits(STOP + 2),
        Answer("timed_out"),
        Block(STOP + 1),
        Commits(STOP + 2),
        Timer,
        Command,
        Answer("done"),
        Dynamic(true),
        Block(STOP + 4),
        Commits(STOP + 5),
        Block(REVEAL_START),
        Commits(REVEAL_START),
        Answer("done"),
        Block(REVEAL_START + 5),
        Commits(REVEAL_START + 5),
        Scores,
    ];
    for k in 1..120 {
        check_failed_handlers(start, &steps, k, play);
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..100,
    ) {
        check_failed_handlers(start, &steps, k, play);
    }
}

/// The call that an event asks for has a name of its own in each attempt.
#[test]
fn calls_have_names_of_their_own() {
    let mut weights = start();
    play(&mut weights, &Step::Scores).unwrap();
    play(&mut weights, &Step::Block(STOP)).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..4 {
        weights.advance_ms(30_000);
        for (name, event) in weights.emitted() {
            if name == "horde_chain_call" {
                let call: ChainCall = serde_json::from_value(event).unwrap();
                assert!(call.deadline_ms > 0 && names.insert(call.call));
            }
        }
    }
    assert!(names.len() > 1, "{names:?}");
}
