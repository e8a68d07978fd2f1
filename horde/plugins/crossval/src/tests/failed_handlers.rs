//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::{Harness, check_failed_handlers};

use super::*;

#[derive(Clone, Debug)]
enum Act {
    Up,
    Down,
    Over(&'static str),
    /// The first request that waits is answered.
    Respond(u16, &'static str),
    Fail,
    Wanted,
    Command(&'static str),
    Dynamic(u32),
    Timer,
    Reload,
}

/// An answer that is a series, and a file of no answers.
const SERIES: &str = "the first prompt of all\nthe second prompt of all\nthe third prompt of all\n";

fn act() -> impl Strategy<Value = Act> {
    let outcome =
        prop::sample::select(&["finished", "declined", "interrupted", "executor_failed"][..]);
    let action = prop::sample::select(&["generation", "sampling", "answering"][..]);
    prop_oneof![
        4 => Just(Act::Up),
        1 => Just(Act::Down),
        4 => outcome.prop_map(Act::Over),
        8 => Just(Act::Respond(200, SERIES)),
        1 => Just(Act::Respond(404, "")),
        1 => Just(Act::Respond(500, "")),
        1 => Just(Act::Fail),
        1 => Just(Act::Wanted),
        1 => action.prop_map(Act::Command),
        1 => (1_u32..9).prop_map(Act::Dynamic),
        6 => Just(Act::Timer),
        1 => Just(Act::Reload),
    ]
}

/// What the extension waits for is known from the instance, so that both harnesses play the same.
fn play(harness: &mut Harness<Crossval>, act: &Act) -> tig_plugin_api::Result<()> {
    let job = harness.extension().job.as_ref().map(|job| job.uuid.clone());
    let job = job.unwrap_or_default();
    let tag = harness.http_calls().first().map(|call| call.tag.clone());
    match act {
        Act::Up => {
            let manifest = json!([{ "executor_class": CLASS, "count": 1 }]);
            let up = json!({ "hotkey": "", "state": { "up": { "manifest": manifest } } });
            harness.try_event("horde_miner_link", up)
        }
        Act::Down => {
            let down = json!({ "hotkey": "", "state": { "down": { "reason": "refused" } } });
            harness.try_event("horde_miner_link", down)
        }
        Act::Over(outcome) => {
            let outcome = json!({ "outcome": outcome, "stdout": "", "stderr": "" });
            harness.try_event("horde_job_over", over(&job, &outcome))
        }
        Act::Respond(status, body) => match tag {
            Some(tag) => harness.try_respond(&tag, *status, body.as_bytes()),
            None => Ok(()),
        },
        Act::Fail => match tag {
            Some(tag) => harness.try_fail(&tag, HttpFailureKind::Timeout),
            None => Ok(()),
        },
        Act::Wanted => harness.try_event("horde_llm_samples_wanted", wanted(1, "b", &[("a", 2)])),
        Act::Command(action) => {
            let arguments = json!({ "action": action });
            harness
                .command("debug_run_llm_prompt_task", &arguments)
                .map(drop)
        }
        Act::Dynamic(series) => {
            let mut dynamic = small();
            dynamic["max_prompt_series"] = json!(series);
            harness.try_event("horde_dynamic_config", dynamic)
        }
        Act::Timer => harness.try_next_timer(),
        Act::Reload => harness.try_reload(),
    }
}

fn start() -> Harness<Crossval> {
    harness(&section())
}

/// Each call of a pool that fills, refused once.
#[test]
fn each_call_of_a_pool_can_be_refused() {
    let mut acts = vec![Act::Dynamic(4), Act::Timer];
    // Both buckets are checked first.
    acts.extend(std::iter::repeat_n(Act::Respond(200, ""), 10));
    acts.extend([Act::Up, Act::Over("finished")]);
    acts.extend(std::iter::repeat_n(Act::Respond(200, SERIES), 8));
    acts.extend([
        Act::Up,
        Act::Over("finished"),
        Act::Respond(200, "{}"),
        Act::Wanted,
        Act::Timer,
    ]);
    acts.extend([
        Act::Command("answering"),
        Act::Up,
        Act::Over("executor_failed"),
        Act::Reload,
    ]);
    acts.extend([
        Act::Fail,
        Act::Timer,
        Act::Down,
        Act::Timer,
        Act::Timer,
        Act::Up,
    ]);
    for k in 1..220 {
        check_failed_handlers(start, &acts, k, play);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn failing_equals_restarting(
        acts in prop::collection::vec(act(), 1..40),
        k in 1_u64..200,
    ) {
        check_failed_handlers(start, &acts, k, play);
    }
}
