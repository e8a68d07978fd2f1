//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use serde_json::json;
use tig_plugin_api::HttpFailureKind;
use tig_plugin_api::testing::check_failed_handlers;

use super::{Tested, edge, start};

#[derive(Clone, Debug)]
enum Step {
    Raise(&'static str, &'static str),
    Clear(&'static str),
    Answer(u16),
    Timeout,
    Timer,
    Test,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let code = || prop::sample::select(&["a", "b"][..]);
    let severity = prop::sample::select(&["info", "warning", "critical"][..]);
    prop_oneof![
        4 => (code(), severity).prop_map(|(code, severity)| Step::Raise(code, severity)),
        4 => code().prop_map(Step::Clear),
        4 => prop::sample::select(&[200_u16, 200, 400, 429, 500][..]).prop_map(Step::Answer),
        1 => Just(Step::Timeout),
        8 => Just(Step::Timer),
        1 => Just(Step::Test),
        1 => Just(Step::Reload),
    ]
}

fn play(notifier: &mut Tested, step: &Step) -> tig_plugin_api::Result<()> {
    let open = notifier.http_calls().first().map(|call| call.tag.clone());
    match (step, open) {
        (Step::Raise(code, severity), _) => {
            notifier.try_event("condition_raised", edge(code, severity))
        }
        (Step::Clear(code), _) => notifier.try_event("condition_cleared", edge(code, "warning")),
        (Step::Answer(status), Some(tag)) => notifier.try_respond(&tag, *status, ""),
        (Step::Timeout, Some(tag)) => notifier.try_fail(&tag, HttpFailureKind::Timeout),
        (Step::Answer(_) | Step::Timeout, None) => Ok(()),
        (Step::Timer, _) => notifier.try_next_timer(),
        (Step::Test, _) => notifier.command("test", &json!({})).map(drop),
        (Step::Reload, _) => notifier.try_reload(),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..60,
    ) {
        let begin = || start(&json!({
            "chat": { "url": "https://a.example/" },
            "pager": { "url": "https://b.example/", "severity": "critical", "key": "alerts" },
        }));
        check_failed_handlers(begin, &steps, k, play);
    }
}
