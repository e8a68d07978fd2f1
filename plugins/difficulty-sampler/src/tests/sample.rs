//! The sampler on a sample block: all that it does, as a snapshot.

use serde_json::json;
use tig_events::sample::{SampleBlock, SampleStage};
use tig_plugin_api::assert_effects_snapshot;
use tig_plugin_api::testing::Harness;

use super::settings;
use crate::Sampler;

fn seeded(seed: u64) -> Harness<Sampler> {
    let config = json!({ "num_samples": 3 });
    let setup = Harness::<Sampler>::setup(settings(config));
    setup.with_seed(seed).start()
}

#[test]
fn effects_of_a_sample_block_stay_the_same() {
    let mut sampler = seeded(1);
    let block = SampleBlock::new().with_only(&["c001", "c003"]);
    sampler.event("new_block", block.event());
    assert_effects_snapshot!(sampler);
}

#[test]
fn seed_decides_what_is_drawn() {
    let drawn = |seed| {
        let mut sampler = seeded(seed);
        sampler.event("new_block", SampleBlock::new().event());
        sampler.emitted()
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    assert_eq!(drawn(1).len(), 4, "one event for each challenge");
}

#[test]
fn benchmark_of_a_sample_block_teaches() {
    let mut sampler = seeded(1);
    let block = SampleBlock::new().with_benchmark("mine", "c001", SampleStage::Benchmark);
    sampler.event("new_block", block.event());
    let event = block.event();
    let confirmed = json!({
        "precommit": event["precommits"]["mine"], "benchmark": event["benchmarks"]["mine"],
    });
    sampler.event("benchmark_confirmed", confirmed);
    assert_eq!(sampler.stored()["taught"], json!(["mine"]));
}
