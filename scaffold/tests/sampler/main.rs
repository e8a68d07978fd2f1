//! The template `sampler` as it lies there, with its own tests, and against what the network admits.

#[expect(
    unreachable_pub,
    reason = "it is public where the crate is the plugin's own"
)]
#[path = "../../templates/sampler/src/lib.rs"]
mod plugin;

#[cfg(test)]
mod contract {
    use serde_json::{Value, json};
    use tig_events::DifficultySamples;
    use tig_plugin_api::testing::Harness;
    use tig_protocol::difficulty::{Bounds, Point, Position, lower_and_upper, position};

    use crate::plugin::Sampler;

    const RECORDED: &str = include_str!("../../../vectors/difficulty_sampler.json");

    /// Blocks whose frontiers the original sampler was given.
    fn blocks() -> Vec<Value> {
        let recorded: Value = serde_json::from_str(RECORDED).unwrap();
        let scenarios = recorded["scenarios"].as_array().unwrap();
        let steps = scenarios
            .iter()
            .flat_map(|scenario| scenario["steps"].as_array().unwrap());
        let steps = steps.map(|step| step["step"].clone());
        steps.filter(|step| step["op"] == "block").collect()
    }

    fn points(value: &Value) -> Vec<Point> {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn new_block(block: &Value) -> Value {
        let minimum = block["min_difficulty"].as_array().unwrap().iter();
        let parameters: Vec<_> = minimum
            .map(|min| json!({ "name": "p", "min_value": min, "max_value": i32::MAX }))
            .collect();
        json!({
            "block": { "id": "b", "config": { "difficulty": { "parameters": { "c001": parameters } } } },
            "challenges": { "c001": { "block_data": block } },
        })
    }

    #[test]
    fn network_admits_every_sample_of_recorded_blocks() {
        let settings = json!({ "name": "sampler", "config": { "sampler": { "num_samples": 30 } } });
        let mut sampler = Harness::<Sampler>::start(settings);
        let mut sampled = 0;
        let blocks = blocks();
        for block in &blocks {
            sampler.event("new_block", new_block(block));
            let (base, scaled) = (
                points(&block["base_frontier"]),
                points(&block["scaled_frontier"]),
            );
            let min: Point = serde_json::from_value(block["min_difficulty"].clone()).unwrap();
            let max = vec![i32::MAX; min.len()];
            let bounds = Bounds::new(min, max).unwrap();
            let factor = block["scaling_factor"].as_f64().unwrap();
            let (lower, upper) = lower_and_upper(&base, &scaled, factor);
            for (_, event) in sampler.emitted() {
                let event: DifficultySamples = serde_json::from_value(event).unwrap();
                sampled += usize::from(!event.samples.is_empty());
                for sample in event.samples {
                    assert!(bounds.contains(&sample), "{sample:?} of {block}");
                    let position = position(&sample, lower, upper);
                    assert_eq!(position, Position::Within, "{sample:?} of {block}");
                }
            }
        }
        assert!(
            sampled * 10 > blocks.len() * 9,
            "{sampled} of {}",
            blocks.len()
        );
    }
}
