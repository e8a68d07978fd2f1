//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Block {
        with_c002: bool,
        height: u32,
        benchmarks: Vec<u32>,
    },
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let benchmarks = prop::collection::vec(0_u32..4, 0..4);
    let block = (
        any::<bool>(),
        prop_oneof![10_u32..14, Just(2_000)],
        benchmarks,
    );
    prop_oneof![
        6 => block.prop_map(|(with_c002, height, benchmarks)| Step::Block { with_c002, height, benchmarks }),
        1 => Just(Step::Reload),
    ]
}

fn play(sampler: &mut Harness<Sampler>, step: &Step) -> tig_plugin_api::Result<()> {
    match step {
        Step::Block {
            with_c002,
            height,
            benchmarks,
        } => {
            let mut challenges = vec![good("c001")];
            challenges.extend(with_c002.then(|| good("c002")));
            let ids: Vec<String> = benchmarks.iter().map(u32::to_string).collect();
            let benchmarks: Vec<(&str, u32)> = ids.iter().map(|id| (id.as_str(), 5)).collect();
            let mut block = new_block("b1", &challenges, &benchmarks);
            block["block"]["details"]["height"] = json!(height);
            sampler.try_event("new_block", block)
        }
        Step::Reload => sampler.try_reload(),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..12),
        k in 1_u64..24,
    ) {
        check_failed_handlers(sampler, &steps, k, play);
    }
}
