//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Block { with_c002: bool, listed: bool },
    Benchmark(u32),
    Proof(u32),
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), any::<bool>())
            .prop_map(|(with_c002, listed)| Step::Block { with_c002, listed }),
        4 => (0_u32..4).prop_map(Step::Benchmark),
        2 => (0_u32..4).prop_map(Step::Proof),
        1 => Just(Step::Reload),
    ]
}

fn play(sampler: &mut Harness<Sampler>, step: &Step) -> tig_plugin_api::Result<()> {
    match step {
        Step::Block { with_c002, listed } => {
            let mut challenges = vec![good("c001")];
            challenges.extend(with_c002.then(|| good("c002")));
            let precommits: &[&str] = if *listed { &["0", "1", "2", "3"] } else { &[] };
            sampler.try_event("new_block", new_block("b1", &challenges, precommits))
        }
        Step::Benchmark(id) => {
            sampler.try_event("benchmark_confirmed", confirmed(&id.to_string(), 10 + id))
        }
        Step::Proof(id) => {
            sampler.try_event("proof_confirmed", confirmed(&id.to_string(), 10 + id))
        }
        Step::Reload => sampler.try_reload(),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..20),
        k in 1_u64..24,
    ) {
        check_failed_handlers(sampler, &steps, k, play);
    }
}
