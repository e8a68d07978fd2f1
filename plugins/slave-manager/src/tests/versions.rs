//! A reload hands the state from one version to another, and back.

use serde::Deserialize;

use super::*;
use crate::State;

/// What version 0.1 hands over.
const OLD: &str = r#"{
    "queue": {
        "numbers": {}, "jobs": [], "arrivals": 0,
        "shelf": { "entries": [], "open": [], "kept": [], "kept_for": [], "kept_until": [] },
        "leases": { "leases": [], "deadlines": [], "counts": {} },
        "finished": [], "height": 7, "listed": {}
    },
    "slaves": {
        "ann": {
            "batches": 3, "nonces": 12, "errors": 1, "failures": 0, "in_a_row": 0, "cannot_run": [], "last_error": null,
            "last_seen_ms": 700000, "resting_until_ms": 0, "first_seen_ms": 100000, "recent_nonces": 12.5, "last_result_ms": 690000
        }
    },
    "unable_until_ms": 0
}"#;

/// What it needs of a slave.
#[derive(Deserialize)]
struct OldSlave {
    batches: u64,
    recent_nonces: f64,
    last_result_ms: u64,
}

#[test]
fn state_of_an_old_version_is_restored() {
    let state: State = serde_json::from_str(OLD).unwrap();
    let slave = state.slaves.get("ann").unwrap();
    assert_eq!((slave.batches, slave.last_seen_ms), (3, 700_000));
    let rate = slave.rate(700_000);
    assert!((0.03..0.06).contains(&rate), "{rate}");
}

#[test]
fn state_is_one_that_an_old_version_restores() {
    let state: State = serde_json::from_str(OLD).unwrap();
    let mut text = serde_json::to_value(&state).unwrap();
    let slave: OldSlave = serde_json::from_value(text["slaves"]["ann"].take()).unwrap();
    let seen = (slave.batches, slave.recent_nonces, slave.last_result_ms);
    assert_eq!(seen, (3, 12.5, 690_000));
    let old: Value = serde_json::from_str(OLD).unwrap();
    for field in ["queue", "unable_until_ms"] {
        assert_eq!(text[field], old[field]);
    }
}
