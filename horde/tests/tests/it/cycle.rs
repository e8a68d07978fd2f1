//! One cycle: the batch in its slot, its scores, and its weights on the chain once.

use serde_json::{Value, json};

use crate::network::{COMMIT_START, CYCLE, REVEAL_START, SLOT, Validator};
use crate::support::sum;

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
