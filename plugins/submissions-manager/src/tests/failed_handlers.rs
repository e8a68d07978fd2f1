//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Precommit(i32),
    Benchmark(&'static str),
    Proof(&'static str),
    Block(u32, &'static str),
    Answer(u16),
    Timeout,
    Unreachable,
    Pause,
    Update,
    Advance,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let id = || prop::sample::select(&[ID, "b"][..]);
    let stage = prop::sample::select(&["none", "precommit", "benchmark", "proof"][..]);
    prop_oneof![
        3 => (0_i32..3).prop_map(Step::Precommit),
        3 => id().prop_map(Step::Benchmark),
        3 => id().prop_map(Step::Proof),
        4 => (100_u32..230, stage).prop_map(|(height, stage)| Step::Block(height, stage)),
        6 => prop::sample::select(&[200_u16, 200, 400, 502][..]).prop_map(Step::Answer),
        1 => Just(Step::Timeout),
        1 => Just(Step::Unreachable),
        1 => Just(Step::Pause),
        3 => Just(Step::Update),
        2 => Just(Step::Advance),
        1 => Just(Step::Reload),
    ]
}

fn play(manager: &mut Manager, step: &Step) -> tig_plugin_api::Result<()> {
    let open = manager.http_calls().first().map(|call| call.tag.clone());
    match (step, open) {
        (Step::Precommit(number), _) => {
            manager.try_event("precommit_ready", precommit(100, *number))
        }
        (Step::Benchmark(id), _) => manager.try_event("benchmark_ready", benchmark(id)),
        (Step::Proof(id), _) => manager.try_event("proof_ready", proof(id)),
        (Step::Block(height, stage), _) => manager.try_event("new_block", block(*height, stage)),
        (Step::Answer(status), Some(tag)) => manager.try_respond(&tag, *status, "{}"),
        (Step::Timeout, Some(tag)) => manager.try_fail(&tag, HttpFailureKind::Timeout),
        (Step::Unreachable, Some(tag)) => manager.try_fail(&tag, HttpFailureKind::Connect),
        (Step::Answer(_) | Step::Timeout | Step::Unreachable, None) => Ok(()),
        (Step::Pause, _) => manager.try_event("precommits_paused", json!({})),
        (Step::Update, _) => manager.try_event("update", json!({})),
        (Step::Advance, _) => {
            manager.advance_ms(RETRY_MS);
            Ok(())
        }
        (Step::Reload, _) => manager.try_reload(),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..40,
    ) {
        check_failed_handlers(start, &steps, k, play);
    }
}
