//! The script of section 10.3: the chain hangs, fails, refuses and accepts.

use horde_devnet::chain::{EntryKind, Outcome};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, FIRST, commit_hash, config, direct_config, network, weights};

const SCRIPT: [&str; 3] = ["hangs:10@weights*1", "status:500@weights*1", "refuses*1"];

#[tokio::test]
async fn four_commits_have_four_outcomes() {
    let devnet = network(config(), &SCRIPT).await;
    let client = Client::of(&devnet);
    let body = json!({"commit_hash": commit_hash(&weights(&[3], &[1]))});
    // Reads are not in the script.
    client.read("block/latest").await;
    let hung = client.try_send(Method::POST, "weights/commit", &body);
    assert!(hung.await.unwrap_err().is_request());
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let (status, _) = client.post("weights/commit", &body).await;
        statuses.push(status);
        client.read("weights/commits").await;
    }
    let expected = [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_REQUEST,
        StatusCode::OK,
    ];
    assert_eq!(statuses, expected);
    let entries = client.chain.journal_from(0);
    let is_included = |outcome: &Outcome| matches!(outcome, Outcome::Included { .. });
    let included = entries.iter().filter(|it| is_included(&it.outcome));
    assert_eq!(included.count(), 1);
    assert_eq!(client.chain.report().faults, Vec::<String>::new());
}

#[tokio::test]
async fn four_schedules_have_four_outcomes() {
    let devnet = network(direct_config(), &SCRIPT).await;
    let client = Client::of(&devnet);
    let miner = &devnet.miners()[0].hotkey;
    let body = json!({"weights": {miner: 1.0}});
    let put = || client.try_send(Method::PUT, "weights", &body);
    assert!(put().await.unwrap_err().is_request());
    assert_eq!(put().await.unwrap().0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(put().await.unwrap().0, StatusCode::BAD_REQUEST);
    let accepted: (StatusCode, Value) = put().await.unwrap();
    let expected = json!({"detail": "weights update scheduled", "count": 1});
    assert_eq!(accepted, (StatusCode::OK, expected));
    client.chain.advance(5);
    let entries = client.chain.journal_from(0);
    let set: Vec<_> = entries
        .iter()
        .filter(|it| it.kind == EntryKind::Set)
        .collect();
    assert_eq!(set.len(), 1);
    assert_eq!(set[0].outcome, Outcome::Included { block: FIRST + 2 });
}
