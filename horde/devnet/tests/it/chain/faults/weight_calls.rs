//! Faults of requests that set weights, commit to them and reveal them.

use std::time::Duration;

use horde_devnet::chain::{EntryKind, JournalEntry, Outcome, Refusal};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::client::{Client, FIRST, INTERVAL, commit_hash, direct_config, network, weights};
use super::client;
use crate::client::soon;

fn commit_body() -> Value {
    json!({"commit_hash": commit_hash(&weights(&[3], &[1]))})
}

/// The one entry of the journal.
fn entry(client: &Client) -> JournalEntry {
    let entries = client.chain.journal_from(0);
    let [entry] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    entry.clone()
}

/// What a commitment is answered under a fault, and whether the chain has it then.
async fn commit_under(fault: &str) -> (StatusCode, Value, bool, JournalEntry) {
    let (_devnet, client) = client(fault).await;
    let (status, body) = client.post("weights/commit", &commit_body()).await;
    let commits = client.read("weights/commits").await;
    let is_there = commits["commits"]
        == json!([{"block": FIRST + 1, "commit_hash": commit_body()["commit_hash"]}]);
    assert!(is_there || commits["commits"] == json!([]), "{commits}");
    (status, body, is_there, entry(&client))
}

#[tokio::test]
async fn commit_is_accepted() {
    let (status, body, is_there, entry) = commit_under("accepts").await;
    assert_eq!(
        (status, body),
        (StatusCode::OK, json!({"block": FIRST + 1}))
    );
    assert!(is_there);
    assert_eq!(entry.outcome, Outcome::Included { block: FIRST + 1 });
    assert_eq!(entry.fault.as_deref(), Some("accepts"));
}

#[tokio::test]
async fn commit_is_refused() {
    let (status, body, is_there, entry) = commit_under("refuses").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["status_code"], 400);
    assert!(!is_there);
    let refusal = Refusal::Ordered;
    assert_eq!(
        entry.outcome,
        Outcome::Refused {
            block: FIRST,
            refusal
        }
    );
}

#[tokio::test]
async fn accepted_commit_is_forgotten() {
    let (status, body, is_there, entry) = commit_under("forgets").await;
    assert_eq!(
        (status, body),
        (StatusCode::OK, json!({"block": FIRST + 1}))
    );
    assert!(!is_there);
    assert_eq!(entry.outcome, Outcome::Forgotten { block: FIRST + 1 });
}

#[tokio::test]
async fn refused_commit_is_included() {
    let (status, _, is_there, entry) = commit_under("refuses-but-includes").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(is_there);
    assert_eq!(entry.outcome, Outcome::Included { block: FIRST + 1 });
}

#[tokio::test]
async fn failed_commit_is_included() {
    let (status, _, is_there, _) = commit_under("fails-but-includes").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(is_there);
}

#[tokio::test]
async fn commit_without_an_answer_is_included() {
    let (_devnet, client) = client("hangs-but-includes:20").await;
    let body = commit_body();
    let answer = client.try_send(Method::POST, "weights/commit", &body);
    assert!(answer.await.unwrap_err().is_request());
    client.chain.advance(1);
    let commits = client.read("weights/commits").await;
    assert_eq!(commits["commits"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn commit_with_half_an_answer_is_included() {
    let (_devnet, client) = client("cut-short@weights*1").await;
    let sent = {
        let client = client.clone();
        tokio::spawn(async move {
            let body = commit_body();
            let answer = client.try_send(Method::POST, "weights/commit", &body);
            answer.await.is_err()
        })
    };
    soon(async {
        while client.chain.journal_from(0).is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    client.chain.advance(1);
    assert!(sent.await.unwrap());
    assert_eq!(client.chain.report().commits.len(), 1);
}

#[tokio::test]
async fn scheduled_weights_have_the_same_faults() {
    for (fault, expected_status, is_set) in [
        ("accepts", 200, true),
        ("refuses", 400, false),
        ("forgets", 200, false),
        ("refuses-but-includes", 400, true),
        ("fails-but-includes", 500, true),
    ] {
        let devnet = network(direct_config(), &[fault]).await;
        let client = Client::of(&devnet);
        let miner = &devnet.miners()[0].hotkey;
        let body = json!({"weights": {miner: 1.0}});
        let (status, _) = client.send(Method::PUT, "weights", &body).await;
        assert_eq!(status.as_u16(), expected_status, "{fault}");
        client.chain.advance(5);
        let report = client.chain.report();
        assert_eq!(
            report.weights.contains_key(&report.hotkey),
            is_set,
            "{fault}"
        );
        let entries = client.chain.journal_from(0);
        assert_eq!(entries[0].kind, EntryKind::Schedule);
        assert_eq!(entries[0].fault.as_deref(), Some(fault));
        assert_eq!(entries.len() == 2, is_set);
    }
}

#[tokio::test]
async fn forgotten_extrinsic_must_keep_the_rules() {
    let devnet = network(direct_config(), &["forgets"]).await;
    let client = Client::of(&devnet);
    let (status, body) = client.post("weights/commit", &commit_body()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.starts_with("CommitRevealDisabled"), "{detail}");
}

#[tokio::test]
async fn commit_is_revealed_over_http() {
    let (_devnet, client) = client("slow:0").await;
    client.post("weights/commit", &commit_body()).await;
    let body = json!({"uids": [3], "values": [1], "salt": [7, 8, 9], "version_key": 2});
    let (status, answer) = client.post("weights/reveal", &body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.starts_with("RevealTooEarly"), "{detail}");
    client.chain.advance(INTERVAL);
    let (status, answer) = client.post("weights/reveal", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let report = client.chain.report();
    let on_chain = &report.weights[&report.hotkey];
    assert_eq!(on_chain.weights, weights(&[3], &[1]));
    assert_eq!(answer["block"], on_chain.block);
    let entries = client.chain.journal_from(0);
    let kinds: Vec<EntryKind> = entries.iter().map(|it| it.kind).collect();
    assert_eq!(
        kinds,
        [EntryKind::Commit, EntryKind::Reveal, EntryKind::Reveal]
    );
    // No salt is in it.
    assert!(!serde_json::to_string(&entries).unwrap().contains("salt"));
}
