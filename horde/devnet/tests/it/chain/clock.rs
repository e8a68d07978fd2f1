//! Blocks by the clock, and waits for them.

use std::time::{Duration, Instant};

use horde_devnet::chain::{
    ChainConfig, ChainService, Faults, ServiceAnswer, ServiceBody, ServiceReply, ServiceRequest,
};
use proptest::prelude::*;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, FIRST, commit_hash, config, network, weights};
use crate::client::soon;

#[tokio::test]
async fn blocks_come_by_the_clock() {
    let config = ChainConfig {
        block_ms: 20,
        ..config()
    };
    // The first block is made at some moment of the start.
    let start = Instant::now();
    let devnet = network(config, &[]).await;
    let chain = devnet.chain().unwrap();
    soon(async {
        while chain.newest().number < FIRST + 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(start.elapsed() > Duration::from_millis(60));
    // A commit is answered when it is in a block, without anybody's hand.
    let client = Client::of(&devnet);
    let body = json!({"commit_hash": commit_hash(&weights(&[3], &[1]))});
    let (status, answer) = client.send(Method::POST, "weights/commit", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer["block"].as_u64().unwrap() > u64::from(FIRST));
}

#[tokio::test]
async fn chain_that_stands_still_is_not_waited_for() {
    let devnet = network(config(), &[]).await;
    let client = Client::of(&devnet);
    let body = json!({"commit_hash": commit_hash(&weights(&[3], &[1]))});
    let request = client.http.post(client.url("weights/commit")).json(&body);
    let response = soon(request.header("X-Pylon-Timeout", "0.05").send()).await;
    let response = response.unwrap();
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    // It is in the next block all the same.
    client.chain.advance(1);
    assert_eq!(client.chain.report().commits.len(), 1);
}

fn request<'a>(method: &'a str, path: &'a str, body: &'a [u8]) -> ServiceRequest<'a> {
    ServiceRequest {
        method,
        path,
        authorization: None,
        timeout: None,
        body,
    }
}

/// Without sockets and in virtual time, as simulators use it.
#[test]
fn service_runs_in_virtual_time() {
    let config = ChainConfig {
        block_ms: 12_000,
        ..config()
    };
    let start_us = 1_000_000_000;
    let mut service = ChainService::new(&config, 5, &[], start_us).unwrap();
    assert_eq!(service.next_block_us(), Some(start_us + 12_000_000));
    let path = "/api/v1/identity/validator/subnet/12/weights/commit";
    let body = json!({"commit_hash": commit_hash(&weights(&[0], &[1]))}).to_string();
    let ServiceReply::Wait(pending) = service.request(&request("POST", path, body.as_bytes()))
    else {
        panic!("it was answered before a block");
    };
    assert_eq!(pending.timeout, Duration::from_secs(120));
    assert!(!service.pass_time(start_us + 11_999_999));
    assert_eq!(service.settle(&pending), None);
    assert!(service.pass_time(start_us + 12_000_000));
    let (after, answer) = service.settle(&pending).unwrap();
    assert_eq!(after, Duration::ZERO);
    let ServiceAnswer { status, body, .. } = answer;
    assert_eq!(status, 200);
    assert_eq!(body, ServiceBody::Text("{\"block\":10001}".to_owned()));
    service.set_faults(Faults::parse(&["slow", "gone"]).unwrap());
    assert!(!service.is_reachable());
    service.set_faults(Faults::default());
    assert!(service.is_reachable());
    // A day later the chain is a day further.
    service.pass_time(start_us + 86_400_000_000);
    let read = service.request(&request("GET", "/api/v1/subnet/12/block/latest", b""));
    let ServiceReply::Answer { answer, .. } = read else {
        panic!("{read:?}");
    };
    let ServiceBody::Text(text) = answer.body else {
        panic!("{:?}", answer.body);
    };
    let block: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(block["block"]["number"], FIRST + 7_200);
}

/// Paths of real segments in any order, and bodies that are nearly right.
fn requests() -> impl Strategy<Value = (&'static str, String, String)> {
    let segment = prop::sample::select(vec![
        "identity",
        "validator",
        "subnet",
        "12",
        "block",
        "latest",
        "9999",
        "neurons",
        "validators",
        "weights",
        "commit",
        "commits",
        "reveal",
        "set",
        "limits",
        "",
        "%00",
        "-1",
    ]);
    let path = prop::collection::vec(segment, 0..8);
    let known = prop::sample::select(vec![
        "block/latest",
        "weights",
        "weights/set",
        "weights/reveal",
    ]);
    let path = prop_oneof![
        path.prop_map(|it| it.join("/")),
        known.prop_map(|it| format!("identity/validator/subnet/12/{it}")),
    ];
    let body = prop_oneof![
        ".{0,40}",
        r#"\{"weights":\{"5x":[0-9e]{1,400}\}\}"#,
        r#"\{"uids":\[[0-9,]{0,9}\],"values":\[[0-9]{0,5}\],"salt":\[\],"version_key":[0-9]{1,20}\}"#,
    ];
    let method = prop::sample::select(vec!["GET", "PUT", "POST", "DELETE"]);
    (method, path, body)
}

proptest! {
    #[test]
    fn every_request_has_an_answer(requests in prop::collection::vec(requests(), 1..20)) {
        let mut config = config();
        config.rules.commit_reveal_weights_enabled = false;
        // Few blocks before it, since each case has them.
        config.first_block = 20;
        let mut service = ChainService::new(&config, 5, &[], 0).unwrap();
        for (method, path, body) in requests {
            let path = format!("/api/v1/{path}");
            let mut reply = service.request(&request(method, &path, body.as_bytes()));
            service.advance(3);
            if let ServiceReply::Wait(pending) = &reply {
                let (after, answer) = service.settle(pending).unwrap();
                reply = ServiceReply::Answer { after, answer };
            }
            let ServiceReply::Answer { answer, .. } = reply else {
                panic!("{reply:?}");
            };
            let is_known = [200, 400, 404, 405].contains(&answer.status);
            prop_assert!(is_known, "{}", answer.status);
        }
    }
}
