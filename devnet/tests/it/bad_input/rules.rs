//! Requests that can be read and break a rule: the answer names the rule.

use serde_json::{Value, json};
use tig_devnet::{Api, Request, Stage};
use tig_protocol::MerkleHash;

use super::{PATHS, refused};
use crate::busy::{Busy, OTHER_KEY, benchmark, key_for, proof};
use crate::support::{API_KEY, NUM_NONCES};

#[track_caller]
fn refused_as(api: &mut Api, key: &str, path: &str, body: &Value, text: &str) {
    let body = body.to_string();
    let found = refused(api, &Request::post(path, key, body.as_bytes()), &[400]);
    assert!(found.starts_with(text), "{found:?} is not about {text:?}");
}

#[test]
fn each_submission_is_refused_at_each_wrong_stage() {
    let mut busy = Busy::new();
    let api = &mut busy.api;
    for (stage, id) in &busy.benchmarks {
        let unconfirmed = format!("precommit {id} does not exist or is not confirmed");
        let of_benchmark = match stage {
            Stage::PrecommitPending => Some(unconfirmed.clone()),
            Stage::Precommit => None,
            _ => Some(format!("benchmark {id} was already submitted")),
        };
        let of_proof = match stage {
            Stage::PrecommitPending => Some(unconfirmed),
            Stage::Precommit | Stage::BenchmarkPending => {
                Some(format!("benchmark {id} does not exist or is not confirmed"))
            }
            Stage::Benchmark => None,
            _ => Some(format!("proof {id} was already submitted")),
        };
        if let Some(text) = of_benchmark {
            let body = serde_json::to_value(benchmark(id)).unwrap();
            refused_as(api, API_KEY, "/submit-benchmark", &body, &text);
        }
        if let Some(text) = of_proof {
            let body = serde_json::to_value(proof(api.network(), id)).unwrap();
            refused_as(api, API_KEY, "/submit-proof", &body, &text);
        }
    }
}

#[test]
fn repeated_and_foreign_submissions_are_refused() {
    let mut busy = Busy::new();
    let again = json!({"settings": busy.settings, "num_nonces": 1});
    let topup = json!({"tx_hash": busy.tx_hash});
    let api = &mut busy.api;
    let exists = "a benchmark with these settings exists";
    refused_as(api, API_KEY, "/submit-precommit", &again, exists);
    refused_as(api, OTHER_KEY, "/submit-topup", &topup, "transaction 0xaa");
    for path in &PATHS[..3] {
        let body = busy.good(path).body.clone();
        let wrong = "wrong submitting player: expected 0x11";
        refused_as(&mut busy.api, OTHER_KEY, path, &body, wrong);
    }
}

/// Puts a value into a good body, and expects a text that begins so.
#[track_caller]
fn check(path: &str, pointer: &str, value: Value, text: &str) {
    let mut busy = Busy::new();
    let mut body = busy.good(path).body.clone();
    *body.pointer_mut(pointer).unwrap() = value;
    refused_as(&mut busy.api, key_for(path), path, &body, text);
}

#[test]
fn a_precommit_against_a_rule_is_refused_by_name() {
    let check = |pointer, value, text| check("/submit-precommit", pointer, value, text);
    let long = json!("c".repeat(99_999));
    check("/num_nonces", json!(0), "invalid number of nonces 0");
    check(
        "/settings/block_id",
        json!("é\n".repeat(9_999)),
        "block é\\n",
    );
    check("/settings/challenge_id", long, "challenge ccc");
    check(
        "/settings/algorithm_id",
        json!("c002_a001"),
        "algorithm c002_a001",
    );
    check(
        "/settings/difficulty",
        json!(vec![7; 99_999]),
        "invalid difficulty",
    );
    check(
        "/settings/difficulty",
        json!([i32::MAX, i32::MAX]),
        "difficulty [2147483647",
    );
    check("/settings/player_id", json!(""), "wrong submitting player");
}

#[test]
fn what_breaks_another_rule_is_refused_by_its_name() {
    let control = json!("\u{1b}[31m");
    check(
        "/submit-benchmark",
        "/benchmark_id",
        control,
        "precommit \\u{1b}[31m",
    );
    let nonces = "/solution_nonces";
    check(
        "/submit-benchmark",
        nonces,
        json!([0, NUM_NONCES]),
        "invalid nonce 20",
    );
    check(
        "/submit-benchmark",
        nonces,
        json!([u64::MAX]),
        "invalid nonce 18446744073709551615",
    );
    check(
        "/submit-proof",
        "/benchmark_id",
        json!(MerkleHash([0; 32])),
        "precommit 0000",
    );
    check(
        "/submit-proof",
        "/merkle_proofs",
        json!([]),
        "invalid proof nonces",
    );
    check(
        "/submit-topup",
        "/tx_hash",
        json!("0x"),
        "transaction \"0x\" does not exist",
    );
    check(
        "/request-api-key",
        "/address",
        json!("0xAA"),
        "invalid address",
    );
    check(
        "/request-api-key",
        "/signature",
        json!("0x"),
        "invalid signature",
    );
}

#[test]
fn a_nonce_proved_twice_is_refused() {
    let mut busy = Busy::new();
    let mut doubled = busy.good("/submit-proof").body.clone();
    let proofs = doubled["merkle_proofs"].as_array_mut().unwrap();
    proofs.push(proofs[0].clone());
    let text = "invalid proof nonces";
    refused_as(&mut busy.api, API_KEY, "/submit-proof", &doubled, text);
}
