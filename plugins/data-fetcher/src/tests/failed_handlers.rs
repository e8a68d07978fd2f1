//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Update,
    /// Answers the oldest open request as of a block.
    Answer(u32),
    Refuse,
    Advance,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Update),
        12 => (100_u32..102).prop_map(Step::Answer),
        1 => Just(Step::Refuse),
        2 => Just(Step::Advance),
        1 => Just(Step::Reload),
    ]
}

fn network(height: u32) -> Network {
    let network = Network::at(height).precommit("a").benchmark("a");
    if height == 100 {
        network
    } else {
        network.precommit("b").proof("a").fraud("a")
    }
}

fn play(fetcher: &mut Harness<DataFetcher>, step: &Step) -> tig_plugin_api::Result<()> {
    let open = open_tags(fetcher);
    match (step, open.first()) {
        (Step::Update, _) => fetcher.try_event("update", json!({})),
        (Step::Answer(height), Some(tag)) => {
            let name = tag.split_once('/').unwrap().1;
            fetcher.try_respond(tag, 200, network(*height).answer(name))
        }
        (Step::Refuse, Some(tag)) => fetcher.try_respond(tag, 503, "later"),
        (Step::Answer(_) | Step::Refuse, None) => Ok(()),
        (Step::Advance, _) => {
            fetcher.advance_ms(20_000);
            Ok(())
        }
        (Step::Reload, _) => fetcher.try_reload(),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..24,
    ) {
        check_failed_handlers(fetcher, &steps, k, play);
    }
}
