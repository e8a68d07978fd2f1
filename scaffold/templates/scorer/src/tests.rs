//! The plugin in the harness, which plays the host.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use super::Scorer;

fn scorer(section: Value) -> Harness<Scorer> {
    Harness::start(json!({ "name": "plugin_name", "config": { "plugin_name": section } }))
}

fn batch_over(is_whole: bool) -> Value {
    let job = |hotkey, result| {
        json!({ "uuid": "u", "hotkey": hotkey, "executor_class": "always_on.gpu-24gb", "result": result,
                "score_bits": 0, "bonus_bits": 0 })
    };
    let jobs = [
        job("5A", "right"),
        job("5A", "right"),
        job("5A", "wrong"),
        job("5B", "right"),
        job("5B", "excused"),
        job("5C", "wrong"),
    ];
    json!({ "batch": "b", "cycle_start": 722, "is_whole": is_whole, "jobs": jobs })
}

fn scores(section: Value, is_whole: bool) -> Value {
    let mut scorer = scorer(section);
    scorer.event("horde_batch_over", batch_over(is_whole));
    let (name, event) = scorer.emitted().remove(0);
    assert_eq!(name, "horde_scores");
    assert_eq!(
        (&event["batch"], &event["cycle_start"]),
        (&json!("b"), &json!(722))
    );
    event["scores"].clone()
}

#[test]
fn wrong_answer_costs_its_penalty() {
    let mild = scores(json!({ "wrong_penalty": 0.5 }), true);
    assert_eq!(mild, json!({ "5A": 1.5, "5B": 1.0, "5C": 0.0 }));
    let strict = scores(json!({}), true);
    assert_eq!(strict, json!({ "5A": 0.0, "5B": 1.0, "5C": 0.0 }));
}

#[test]
fn batch_cut_short_scores_nobody() {
    assert_eq!(scores(json!({}), false), json!({}));
}

#[test]
fn batch_without_a_cycle_is_not_scored() {
    let mut scorer = scorer(json!({}));
    let mut over = batch_over(true);
    over["cycle_start"] = Value::Null;
    scorer.event("horde_batch_over", over);
    assert!(scorer.emitted().is_empty());
}
