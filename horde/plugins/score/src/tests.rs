//! Batches as `horde_batch` ends them, and the scores that follow.

use horde_calc::score::{HordeSettings, horde_score};
use serde_json::{Value, json};
use tig_plugin_api::testing::{Harness, check_failed_handlers};

use super::HordeScore;

const SPIN_UP: &str = "spin_up-4min.gpu-24gb";
const LLM: &str = "always_on.llm.a6000";

type Scorer = Harness<HordeScore>;

fn start_with(section: &Value) -> Scorer {
    Harness::start(json!({ "name": "horde_score", "config": { "horde_score": section } }))
}

fn start() -> Scorer {
    start_with(&json!({}))
}

fn job(hotkey: &str, class: &str, result: &str, score: f64) -> Value {
    json!({
        "uuid": "u", "hotkey": hotkey, "executor_class": class, "result": result,
        "score_bits": score.to_bits(), "bonus_bits": 1.0_f64.to_bits(),
    })
}

fn batch(jobs: &[Value]) -> Value {
    json!({ "batch": "b", "cycle_start": 722, "is_whole": true, "jobs": jobs })
}

/// The scores of the one event that a batch leads to.
fn scores(scorer: &mut Scorer, batch: Value) -> Value {
    scorer.event("horde_batch_over", batch);
    let mut emitted = scorer.emitted();
    assert_eq!(emitted.len(), 1, "{emitted:?}");
    let (name, mut event) = emitted.remove(0);
    assert_eq!(
        (name.as_str(), &event["cycle_start"]),
        ("horde_scores", &json!(722))
    );
    assert_eq!(event["batch"], "b");
    event["scores"].take()
}

fn errors(scorer: &mut Scorer) -> Vec<String> {
    let logs = scorer.logs().into_iter();
    logs.filter(|(level, _)| level == "error")
        .map(|(_, text)| text)
        .collect()
}

/// The recorded run had two miners: one with two executors of the spin-up class, one with an executor of each class. Of its jobs
/// only their scores are recorded, so the last digit of a sum may differ.
#[test]
fn recorded_batch_has_its_scores() {
    let recorded = include_str!("../../../../vectors/horde/weights_commit_reveal.json");
    let steps: Vec<(String, Value)> = serde_json::from_str(recorded).unwrap();
    let (_, expected) = steps.iter().find(|(name, _)| name == "scores").unwrap();
    let one = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";
    let other = "5Dh7jEmH8ZjVrYCQFqxHEi4oSuFR21V4xfAKfyuoQrGw95Yj";
    let jobs = [
        job(one, SPIN_UP, "right", 1.0),
        job(one, SPIN_UP, "right", 1.0),
        job(other, SPIN_UP, "right", 1.0),
        job(other, LLM, "right", 1.0),
    ];
    let found = scores(&mut start(), batch(&jobs));
    for hotkey in [one, other] {
        let score = |scores: &Value| scores[hotkey].as_f64().unwrap();
        let difference = (score(&found) - score(expected)).abs();
        assert!(difference < 1e-13, "{hotkey}: {found}, not {expected}");
    }
}

#[test]
fn classes_are_weighed_and_added_up() {
    let jobs = [
        job("5A", SPIN_UP, "right", 1.0),
        job("5B", SPIN_UP, "right", 3.0),
        job("5B", LLM, "right", 1.0),
        job("5B", "always_on.gpu-24gb", "right", 9.0),
    ];
    // One executor each: the horde score halves both, and the class shares out 99.
    let expected = json!({ "5A": 24.75, "5B": 74.25 + 1.0 });
    assert_eq!(scores(&mut start(), batch(&jobs)), expected);
}

#[test]
fn bonus_multiplies_the_score() {
    let mut with_bonus = job("5A", LLM, "right", 1.0);
    with_bonus["bonus_bits"] = json!(3.0_f64.to_bits());
    let jobs = [with_bonus, job("5B", LLM, "right", 1.0)];
    let expected = json!({ "5A": 0.75, "5B": 0.25 });
    assert_eq!(scores(&mut start(), batch(&jobs)), expected);
}

/// Jobs without blame change neither the sum nor the number of jobs.
#[test]
fn jobs_without_blame_are_left_out() {
    let jobs = [
        job("5A", SPIN_UP, "right", 1.0),
        job("5A", SPIN_UP, "excused", 0.0),
        job("5A", SPIN_UP, "interrupted", 0.0),
        job("5B", SPIN_UP, "right", 1.0),
        job("5B", SPIN_UP, "late", 0.0),
        job("5C", SPIN_UP, "interrupted", 0.0),
    ];
    let settings = json!({ "alpha": 1.0, "beta": 0.5, "delta": 0.25 });
    let settings_of = HordeSettings {
        alpha: 1.0,
        beta: 0.5,
        delta: 0.25,
    };
    let one = horde_score(&[1.0], settings_of);
    let two = horde_score(&[1.0, 0.0], settings_of);
    let found = scores(&mut start_with(&settings), batch(&jobs));
    let share = |score: f64| json!(99.0 * score / (one + two));
    assert_eq!(found, json!({ "5A": share(one), "5B": share(two) }));
}

#[test]
fn miner_whose_jobs_failed_has_zero() {
    let jobs = [
        job("5A", LLM, "wrong", 0.0),
        job("5B", LLM, "unreachable", 0.0),
    ];
    let mut scorer = start();
    let found = scores(&mut scorer, batch(&jobs));
    assert_eq!(found, json!({ "5A": 0.0, "5B": 0.0 }));
    assert!(errors(&mut scorer).is_empty());
}

#[test]
fn batch_without_scores_is_reported_as_empty() {
    let mut cut = batch(&[job("5A", LLM, "right", 1.0)]);
    cut["is_whole"] = json!(false);
    let unweighed = batch(&[
        job("5A", "always_on.gpu-24gb", "right", 1.0),
        job("5A", LLM, "excused", 0.0),
    ]);
    for (batch, outcome, reason) in [
        (cut, "cut", "did not run to its end"),
        (batch(&[]), "no_job_counts", "none of its 0 jobs counts"),
        (unweighed, "no_job_counts", "none of its 2 jobs counts"),
    ] {
        let mut scorer = start();
        assert_eq!(scores(&mut scorer, batch), json!({}));
        let errors = errors(&mut scorer);
        assert!(errors[0].contains(reason), "{errors:?}");
        let counted = scorer.metric("batches", &[("outcome", outcome)]);
        assert_eq!(counted, Some(1.0), "{outcome}");
    }
}

#[test]
fn batch_outside_of_cycles_is_not_scored() {
    let mut scorer = start();
    let mut batch = batch(&[job("5A", LLM, "right", 1.0)]);
    batch["cycle_start"] = Value::Null;
    scorer.event("horde_batch_over", batch);
    assert!(scorer.emitted().is_empty());
}

#[test]
fn batch_that_comes_twice_has_the_same_scores() {
    let mut scorer = start();
    let jobs = [
        job("5A", SPIN_UP, "right", 0.1),
        job("5B", SPIN_UP, "right", 0.7),
    ];
    let first = scores(&mut scorer, batch(&jobs));
    scorer.kill();
    assert_eq!(scores(&mut scorer, batch(&jobs)), first);
}

#[test]
fn dynamic_class_weights_outlive_a_kill() {
    let mut scorer = start_with(&json!({ "class_weights": { LLM: 7 } }));
    let jobs = [
        job("5A", LLM, "right", 1.0),
        job("5A", SPIN_UP, "right", 1.0),
    ];
    assert_eq!(scores(&mut scorer, batch(&jobs)), json!({ "5A": 7.0 }));
    let dynamic = json!({ "executor_class_weights": { SPIN_UP: 85, LLM: 15 } });
    scorer.event("horde_dynamic_config", dynamic);
    scorer.kill();
    assert_eq!(scores(&mut scorer, batch(&jobs)), json!({ "5A": 100.0 }));
}

#[test]
fn failing_equals_restarting() {
    let dynamic = json!({ "executor_class_weights": { LLM: 15 } });
    let steps = [
        ("horde_batch_over", batch(&[job("5A", LLM, "right", 1.0)])),
        ("horde_dynamic_config", dynamic),
        ("horde_batch_over", batch(&[job("5A", LLM, "right", 1.0)])),
    ];
    for k in 1..10 {
        check_failed_handlers(start, &steps, k, |scorer, (name, event)| {
            scorer.try_event(name, event.clone())
        });
    }
}
