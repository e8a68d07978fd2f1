//! A slave that posts garbage.

use serde_json::{Value, json};
use tig_system_tests::{get, post};

use crate::support::{Running, one_challenge};

#[test]
fn garbage_is_answered_400_and_changes_nothing() {
    let mut running = Running::start(&one_challenge());
    running.stack.slave.stop();
    let host = running.stack.host_address.clone();
    let batch = wait_for_batch(&host);
    let id = batch["benchmark_id"].as_str().unwrap();
    let path = format!("/submit-batch-result/{id}_{}", batch["start_nonce"]);
    let before = job(&host, id);

    let result = |root: &str, nonces: Value, proofs: Value| {
        json!({ "merkle_root": root, "solution_nonces": nonces, "merkle_proofs": proofs })
            .to_string()
    };
    let root = "0".repeat(64);
    let garbage = [
        String::new(),
        "garbage".to_owned(),
        "{}".to_owned(),
        "[[[[".repeat(10_000),
        result("zz", json!([]), json!([])),
        result(&root, json!("none"), json!([])),
        result(&root, json!([999_999]), json!([])),
        result(&root, json!([-1]), json!([])),
        result(&root, json!([]), json!([{ "leaf": null, "branch": "" }])),
    ];
    for body in &garbage {
        let answer = post(&host, &path, body.as_bytes()).unwrap();
        let shown: String = body.chars().take(80).collect();
        assert_eq!(answer.status, 400, "{shown}: {}", answer.body);
        assert!(!answer.body.is_empty(), "no reason given for {shown}");
    }
    let nameless = post(
        &host,
        "/submit-batch-result/nonsense",
        result(&root, json!([]), json!([])).as_bytes(),
    );
    assert_eq!(nameless.unwrap().status, 400);

    assert_eq!(job(&host, id), before);
    running.stack.host.check_running().unwrap();
}

/// The next batch that the host hands out.
fn wait_for_batch(host: &str) -> Value {
    let next = || get(host, "/get-batch").ok()?.json().ok();
    tig_system_tests::wait_for("a batch", crate::support::PATIENCE, next).unwrap()
}

/// What the host reports of one job.
fn job(host: &str, id: &str) -> Value {
    let jobs: Vec<Value> = get(host, "/jobs").unwrap().json().unwrap();
    jobs.into_iter()
        .find(|job| job["benchmark_id"] == id)
        .unwrap()
}
