//! One cycle: the batch in its slot, its scores, and its weights on the chain once.

use serde_json::{Value, json};

use crate::network::{
    COMMIT_START, CYCLE, NEXT_CYCLE, REVEAL_START, SLOT, Validator, chain, network,
};
use crate::support::{sum, violations};

/// Runs the batch, and has its weights set up to their end.
fn cycle(mode: &str) -> (Validator, Value) {
    let validator = Validator::start(mode);
    let batch = validator.run_batch();
    assert_eq!(
        (sum(&batch, "jobs"), sum(&batch, "right")),
        (4, 4),
        "{batch}"
    );
    if mode == "commit_reveal" {
        validator.go_to(COMMIT_START);
        validator.wait_for_commitment();
        assert!(validator.asked("reveal").is_empty(), "it is too early");
        validator.go_to(REVEAL_START);
    }
    let end = validator.wait_for_end();
    (validator, end)
}

/// One weight vector is in a block: the two miners, whose uids follow that of the validator, get the same.
fn check_weights(validator: &Validator, kind: &str) {
    let included = validator.included(kind);
    assert_eq!(included.len(), 1, "{included:?}");
    let expected = json!({ "uids": [1, 2], "values": [65_535, 65_535] });
    assert_eq!(included[0]["weights"], expected);
}

#[test]
fn weights_are_set_once() {
    let (validator, end) = cycle("direct");
    assert_eq!(end["end"], "applied", "{end}");
    check_weights(&validator, "set");
    let status = validator.ask("/horde/status");
    let shown = status["weights"].as_array().unwrap().iter();
    let shown: Vec<_> = shown.filter(|it| it["cycle_start"] == CYCLE).collect();
    assert_eq!(shown.len(), 1, "{status}");
    assert_eq!(
        (&shown[0]["end"], &shown[0]["block"]),
        (&end["end"], &end["block"])
    );
    assert_eq!(status["slot"]["block"], SLOT, "{status}");
    assert_eq!(
        status["last_batch"]["classes"]["spin_up-4min.gpu-24gb"]["right"], 4,
        "{status}"
    );
}

#[test]
fn weights_are_set_by_pylon_once() {
    let (validator, end) = cycle("pylon");
    assert_eq!(end["end"], "applied", "{end}");
    assert_eq!(validator.asked("schedule").len(), 1);
    check_weights(&validator, "set");
}

#[test]
fn weights_are_committed_to_and_revealed_once() {
    let (validator, end) = cycle("commit_reveal");
    assert_eq!(end["end"], "revealed", "{end}");
    check_weights(&validator, "reveal");
    let commits = validator.included("commit");
    assert_eq!(commits.len(), 1, "{commits:?}");
    assert_eq!(
        commits[0]["commit_hash"],
        validator.weights()["commit_hash"]
    );
}

/// The batch of a cycle whose host was killed when it was due and `moment` had come. It runs once, and no miner is blamed.
fn killed_batch(moment: impl FnMut(&Validator) -> Option<()>) -> (Validator, Value) {
    let network = network(2, &["0=slow:300", "1=slow:300"], chain("direct"));
    let mut validator = Validator::start_with("direct", &network, |_| {});
    validator.go_to(SLOT - 5);
    validator.wait_for_slot(SLOT);
    validator.make_blocks(5);
    validator.wait("the moment", moment);
    validator.kill();
    validator.wait("the end of the batch", |it| {
        let state = it.weights()["state"].clone();
        (state == "scored" || state == "given_up").then_some(())
    });
    let batch = validator.ask("/horde/batch")["last"].clone();
    assert_eq!(batch["number"], 1, "{batch}");
    assert_eq!(
        sum(&batch, "right") + sum(&batch, "interrupted"),
        4,
        "{batch}"
    );
    for miner in validator.miners.report().unwrap().as_array().unwrap() {
        let reservations = miner["counts"]["reservation"].as_u64();
        assert!(reservations <= Some(2), "each job at most once: {miner}");
    }
    assert_eq!(violations(&validator.miners), Vec::<Value>::new());
    (validator, batch)
}

/// There are weights, once, if a job was right.
fn check_end(validator: &Validator, batch: &Value) {
    validator.go_to(NEXT_CYCLE);
    let end = validator.wait_for_end();
    if sum(batch, "right") > 0 {
        assert_eq!(end["end"], "applied", "{end}");
        assert_eq!(validator.included("set").len(), 1);
        return;
    }
    let reason = end["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the scorer has given no score"),
        "{reason}"
    );
    assert_eq!(validator.asked("set"), Vec::<Value>::new());
}

#[test]
fn kill_at_the_slot_delays_the_batch() {
    let (validator, batch) = killed_batch(|_| Some(()));
    assert_eq!(batch["cycle_start"], CYCLE, "{batch}");
    check_end(&validator, &batch);
}

/// Jobs that were cut say nothing of their miners.
#[test]
fn kill_while_jobs_run_ends_the_cycle_without_blame() {
    let (validator, batch) = killed_batch(|it| {
        let report = it.miners.report().unwrap();
        let mut miners = report.as_array().unwrap().iter();
        let runs = |miner: &Value| miner["counts"]["run"].as_u64() > Some(0);
        miners.any(runs).then_some(())
    });
    check_end(&validator, &batch);
}

#[test]
fn cycle_without_serving_has_no_batch_and_no_weights() {
    let validator = Validator::start("direct");
    validator.go_to(SLOT - 5);
    validator.wait_for_slot(SLOT);
    validator.done("constance set SERVING false", 0);
    let status = validator.wait("the value", |it| {
        let ended = it.typed("schedule_synthetic_jobs");
        (ended.code == 21).then_some(ended.value)
    });
    assert_eq!(status["text"], "serving is off by the dynamic config");
    validator.go_to(SLOT);
    validator.go_to(NEXT_CYCLE);
    let end = validator.wait_for_end();
    let reason = end["reason"].as_str().unwrap();
    assert!(
        reason.contains("not_serving: serving was off in the slot"),
        "{reason}"
    );
    assert_eq!(validator.ask("/horde/batch")["last"], Value::Null);
    assert_eq!(validator.asked("set"), Vec::<Value>::new());
}
