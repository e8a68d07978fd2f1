//! The control routes of the chain.

use horde_devnet::chain::{BlockHead, ChainReport, JournalEntry};
use horde_devnet::{Config, Devnet};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, FIRST, config, network, own_hotkey};
use crate::client::{soon, start};

async fn order(devnet: &Devnet, path: &str, body: &Value) -> (StatusCode, String) {
    let url = format!("http://{}/chain/{path}", devnet.control_address());
    let response = soon(reqwest::Client::new().post(url).json(body).send()).await;
    let response = response.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn done(devnet: &Devnet, path: &str, body: &Value) {
    let answer = order(devnet, path, body).await;
    assert_eq!(answer, (StatusCode::NO_CONTENT, String::new()));
}

async fn get(devnet: &Devnet, path: &str) -> reqwest::Response {
    let url = format!("http://{}/chain{path}", devnet.control_address());
    soon(reqwest::get(url)).await.unwrap()
}

#[tokio::test]
async fn blocks_are_made_by_hand() {
    let devnet = network(config(), &[]).await;
    let (status, text) = order(&devnet, "advance", &json!({"blocks": 3})).await;
    assert_eq!(status, StatusCode::OK);
    let head: BlockHead = serde_json::from_str(&text).unwrap();
    assert_eq!(head.number, FIRST + 3);
    assert_eq!(Client::of(&devnet).chain.newest(), head);
}

#[tokio::test]
async fn state_shows_what_was_ordered() {
    let devnet = network(config(), &["html*2"]).await;
    let miner = devnet.miners()[0].hotkey.clone();
    let report: ChainReport = get(&devnet, "").await.json().await.unwrap();
    assert_eq!(report.block.number, FIRST);
    assert_eq!((report.netuid, report.identity.as_str()), (12, "validator"));
    assert_eq!(report.hotkey, own_hotkey());
    assert_eq!(report.faults, ["html*2"]);

    done(
        &devnet,
        "fault",
        &json!({"faults": ["slow:5@neurons", "forks:2"]}),
    )
    .await;
    let changes = json!([
        {"change": "deregister", "hotkey": miner},
        {"change": "stake", "hotkey": own_hotkey(), "alpha": 1.5, "tao": 0.5},
    ]);
    done(&devnet, "neurons", &json!({"changes": changes})).await;
    let mut rules = report.rules;
    rules.commit_reveal_weights_enabled = false;
    done(&devnet, "rules", &json!(rules)).await;
    order(&devnet, "advance", &json!({"blocks": 2})).await;

    let report: ChainReport = get(&devnet, "").await.json().await.unwrap();
    assert_eq!(report.faults, ["slow:5@neurons"]);
    assert_eq!(report.neurons[0].stakes.total, 2.0);
    assert!(report.neurons.iter().all(|it| it.hotkey != miner));
    assert_eq!(report.rules, rules);
    let direct = devnet.chain().unwrap().report();
    assert_eq!(report, direct);
}

#[tokio::test]
async fn journal_is_read_from_an_entry_on() {
    let devnet = network(config(), &[]).await;
    let client = Client::of(&devnet);
    let body = json!({"weights": {own_hotkey(): 1.0}});
    for _ in 0..3 {
        client.send(Method::PUT, "weights", &body).await;
    }
    let entries: Vec<JournalEntry> = get(&devnet, "/journal").await.json().await.unwrap();
    assert_eq!(entries.len(), 3);
    let raw: Value = get(&devnet, "/journal").await.json().await.unwrap();
    assert_eq!(raw[0]["outcome"], "given_up");
    assert_eq!(raw[0]["block"], FIRST);
    assert_eq!(raw[2]["outcome"], "pending");
    let rest = get(&devnet, "/journal?from=2").await;
    let rest: Vec<JournalEntry> = rest.json().await.unwrap();
    assert_eq!(rest, entries[2..]);
    let faulty = get(&devnet, "/journal?from=x").await;
    assert_eq!(faulty.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn faulty_orders_of_the_chain_are_rejected() {
    let devnet = network(config(), &["html*2"]).await;
    let before = devnet.chain().unwrap().report();
    for (path, body, expected) in [
        ("advance", json!({"blocks": 10_001}), "at most 10000"),
        ("advance", json!({"blocks": -1}), "invalid value"),
        ("advance", json!({}), "missing field `blocks`"),
        (
            "fault",
            json!({"faults": ["sloth"]}),
            "\"sloth\" is not a fault",
        ),
        ("fault", json!({"x": 1}), "unknown field `x`"),
        (
            "neurons",
            json!({"changes": [{"change": "x"}]}),
            "unknown variant `x`",
        ),
        (
            "neurons",
            json!({"changes": [{"change": "deregister", "hotkey": "5x"}]}),
            "\"5x\" is not registered",
        ),
        ("rules", json!({"tempo": 1}), "missing field"),
        (
            "rules",
            json!({
                "min_allowed_weights": 1,
                "max_weight_limit": 2.0,
                "commit_reveal_weights_enabled": true,
                "commit_reveal_weights_interval": 10,
                "tempo": 360,
            }),
            "max_weight_limit must be above 0 and at most 1",
        ),
    ] {
        let (status, text) = order(&devnet, path, &body).await;
        assert!(status.is_client_error(), "{body}");
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(devnet.chain().unwrap().report(), before);
}

#[tokio::test]
async fn network_without_a_chain_has_no_routes_for_it() {
    let devnet = start(Config::default()).await;
    assert!(devnet.chain().is_none() && devnet.chain_address().is_none());
    assert_eq!(get(&devnet, "").await.status(), StatusCode::NOT_FOUND);
}
