//! The template `scorer` as it lies there, with its own tests, and against the types of the events.

#[expect(
    unreachable_pub,
    reason = "it is public where the crate is the plugin's own"
)]
#[path = "../../templates/scorer/src/lib.rs"]
mod plugin;

#[cfg(test)]
mod contract {
    use horde_events::{BatchOver, JobResult, Scores};
    use serde_json::json;
    use tig_plugin_api::Event;
    use tig_plugin_api::testing::Harness;

    use crate::plugin::Scorer;

    #[test]
    fn scores_follow_stock_events() {
        let mut scorer = Harness::<Scorer>::start(json!({ "name": "s", "config": { "s": {} } }));
        let over = BatchOver {
            batch: "b".to_owned(),
            cycle_start: Some(722),
            is_whole: true,
            jobs: vec![JobResult {
                uuid: "u".to_owned(),
                hotkey: "5A".to_owned(),
                executor_class: "always_on.gpu-24gb".to_owned(),
                result: "right".to_owned(),
                score_bits: 0,
                bonus_bits: 0,
            }],
        };
        scorer.event(BatchOver::NAME, serde_json::to_value(over).unwrap());
        let (name, event) = scorer.emitted().remove(0);
        assert_eq!(name, Scores::NAME);
        let scores: Scores = serde_json::from_value(event).unwrap();
        assert_eq!(scores.cycle_start, 722);
        assert_eq!(scores.scores["5A"], 1.0);
    }
}
