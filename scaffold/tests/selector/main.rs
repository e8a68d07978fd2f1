//! The template `selector` as it lies there, with its own tests, and against the types of the events.

#[expect(
    unreachable_pub,
    reason = "it is public where the crate is the plugin's own"
)]
#[path = "../../templates/selector/src/lib.rs"]
mod plugin;

#[cfg(test)]
mod contract {
    use serde_json::json;
    use tig_events::{ChallengeThroughput, Selection, Throughput};
    use tig_plugin_api::Event;
    use tig_plugin_api::testing::Harness;

    use crate::plugin::Selector;

    #[test]
    fn selection_follows_stock_events() {
        let mut selector =
            Harness::<Selector>::start(json!({ "name": "s", "config": { "s": {} } }));
        let mut throughput = Throughput::default();
        let work = ChallengeThroughput {
            nonces_per_second: Some(1.0),
            open_nonces: 60,
            computed_jobs: None,
        };
        throughput.challenges.insert("c001".to_owned(), work);
        let throughput = serde_json::to_value(throughput).unwrap();
        selector.event(Throughput::NAME, throughput);
        let block = json!({
            "block": { "id": "b", "details": { "height": 7 } },
            "challenges": { "c001": { "details": { "name": "knapsack" } } },
        });
        selector.event("new_block", block);
        let (name, event) = selector.emitted().remove(0);
        assert_eq!(name, Selection::NAME);
        let selection: Selection = serde_json::from_value(event).unwrap();
        assert_eq!(selection.height, Some(7));
        assert_eq!(selection.selection["knapsack"].weight, 0.5);
    }
}
