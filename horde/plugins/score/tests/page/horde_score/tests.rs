//! The test that the page shows.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use super::StrictScore;

fn scores(is_whole: bool) -> Value {
    let job = |hotkey, result| {
        json!({
            "uuid": "u", "hotkey": hotkey, "executor_class": "always_on.gpu-24gb", "result": result,
            "score_bits": 0, "bonus_bits": 0,
        })
    };
    let mut scorer = Harness::<StrictScore>::start(json!({ "name": "horde_score" }));
    let over = json!({
        "batch": "b", "cycle_start": 722, "is_whole": is_whole,
        "jobs": [job("5A", "right"), job("5A", "late"), job("5B", "wrong"), job("5B", "right")],
    });
    scorer.event("horde_batch_over", over);
    let (name, event) = scorer.emitted().remove(0);
    assert_eq!(name, "horde_scores");
    event["scores"].clone()
}

#[test]
fn wrong_answer_costs_all() {
    assert_eq!(scores(true), json!({ "5A": 1.0, "5B": 0.0 }));
    assert_eq!(scores(false), json!({}));
}
