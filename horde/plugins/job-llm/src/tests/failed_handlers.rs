//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Act {
    Wanted,
    Samples,
    Answer(u8),
    Respond(u16),
    Fail,
    Timer,
    Reload,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => Just(Act::Wanted),
        1 => Just(Act::Samples),
        5 => (0_u8..4).prop_map(Act::Answer),
        6 => prop::sample::select(&[200_u16, 403, 404, 500][..]).prop_map(Act::Respond),
        1 => Just(Act::Fail),
        3 => Just(Act::Timer),
        1 => Just(Act::Reload),
    ]
}

fn play(harness: &mut Harness<JobLlm>, act: &Act) -> tig_plugin_api::Result<()> {
    let tag = harness.http_calls().first().map(|call| call.tag.clone());
    match (act, tag) {
        (Act::Wanted, _) => harness.try_event("horde_jobs_wanted", wanted(CLASS)),
        (Act::Samples, _) => harness.try_event("horde_llm_samples", samples()),
        (Act::Answer(number), _) => {
            harness.try_event("horde_answer_given", answer(&number.to_string()))
        }
        (Act::Respond(status), Some(tag)) => harness.try_respond(&tag, *status, "{}"),
        (Act::Fail, Some(tag)) => harness.try_fail(&tag, HttpFailureKind::Timeout),
        (Act::Respond(_) | Act::Fail, None) => Ok(()),
        (Act::Timer, _) => harness.try_next_timer(),
        (Act::Reload, _) => harness.try_reload(),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(acts in prop::collection::vec(act(), 1..40), k in 1_u64..80) {
        check_failed_handlers(start, &acts, k, play);
    }
}
