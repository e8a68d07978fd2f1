//! Orders to the running network.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tig_challenges::ChallengeKind::{Knapsack, Satisfiability};

use crate::api::submit_all;
use crate::fixture::Server;
use crate::support::mini_wasm;

async fn order(server: &Server, path: &str, body: impl Into<reqwest::Body>) -> Response {
    let url = format!("{}/devnet/admin/{path}", server.url);
    server.client.post(url).body(body).send().await.unwrap()
}

async fn done(server: &Server, path: &str, body: impl Into<reqwest::Body>) -> Value {
    let response = order(server, path, body).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.json().await.unwrap()
}

async fn refused(server: &Server, path: &str, body: impl Into<reqwest::Body>, expected: &str) {
    let response = order(server, path, body).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
    let text = response.text().await.unwrap();
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn blocks_are_made_and_taken_back() {
    let server = Server::start().await;
    assert_eq!(done(&server, "advance", "").await["height"], 2);
    let third = done(&server, "advance", r#"{"blocks": 3}"#).await;
    assert_eq!(third["height"], 5);
    assert_eq!(third["block_id"], json!(server.block_id().await));
    assert_eq!(
        done(&server, "rollback", r#"{"blocks": 2}"#).await["height"],
        3
    );
    let again = done(&server, "advance", r#"{"blocks": 2}"#).await;
    assert_eq!(again["height"], 5);
    assert_ne!(again["block_id"], third["block_id"], "another branch");
    for wrong in [
        r#"{"blocks": 0}"#,
        r#"{"blocks": 1001}"#,
        r#"{"block": 1}"#,
        "3",
        "{",
    ] {
        refused(&server, "advance", wrong, "blocks").await;
        refused(&server, "rollback", wrong, "blocks").await;
    }
    assert_eq!(server.get_json("/devnet/state").await["height"], 5);
}

#[tokio::test]
async fn an_ordered_block_confirms_the_proof_before_it() {
    let server = Server::start().await;
    submit_all(&server, Satisfiability, |_| ()).await;
    let latest = done(&server, "advance", "").await;
    assert_eq!(latest["proofs_waiting"], 0);
    assert_eq!(
        server.benchmarks().await["proofs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn faults_come_and_go() {
    let server = Server::start().await;
    let status = async || server.get("/get-block").await.status();
    let rule = json!({"rules": [{"fault": "server_error", "path": "/get-block"}]}).to_string();
    assert_eq!(
        order(&server, "faults", rule).await.status(),
        StatusCode::NO_CONTENT
    );
    let once = json!({"script": [{"fault": {"too_many_requests": {"retry_after_s": 1}}}]});
    order(&server, "faults", once.to_string()).await;
    assert_eq!(status().await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(status().await, StatusCode::INTERNAL_SERVER_ERROR);
    refused(
        &server,
        "faults",
        r#"{"rules": [{"fault": "html", "rate": 2}]}"#,
        "rules[0].rate",
    )
    .await;
    refused(&server, "faults", r#"{"rule": []}"#, "unknown field `rule`").await;
    let rules = vec![json!({"fault": "html"}); 1_000];
    let many = json!({"rules": rules}).to_string();
    refused(&server, "faults", many, "clear them first").await;
    assert_eq!(status().await, StatusCode::INTERNAL_SERVER_ERROR);
    let url = format!("{}/devnet/admin/faults", server.url);
    server.client.delete(url).send().await.unwrap();
    assert_eq!(status().await, StatusCode::OK);
}

#[tokio::test]
async fn an_algorithm_joins_with_the_next_block() {
    let server = Server::start().await;
    let path = "algorithm?challenge=knapsack&name=late";
    let id = done(&server, path, mini_wasm(Knapsack)).await["id"].clone();
    assert_eq!(id, "c003_a002");
    let listed = async || {
        let block_id = server.block_id().await;
        let answer = server
            .get_json(&format!("/get-algorithms?block_id={block_id}"))
            .await;
        let algorithms = answer["algorithms"].as_array().unwrap().clone();
        algorithms.iter().any(|algorithm| algorithm["id"] == id)
    };
    assert!(!listed().await);
    server.devnet.produce_block();
    assert!(listed().await);
    let module = server.get("/devnet/wasm/c003_a002.wasm").await;
    assert_eq!(module.bytes().await.unwrap(), mini_wasm(Knapsack));

    let before = server.get_json("/devnet/state").await;
    refused(&server, path, mini_wasm(Knapsack), "another name").await;
    refused(
        &server,
        "algorithm?challenge=knapsack&name=bad",
        "no wasm",
        "not a usable algorithm",
    )
    .await;
    refused(
        &server,
        "algorithm?challenge=knapsak&name=a",
        "",
        "known are",
    )
    .await;
    refused(
        &server,
        "algorithm?challenge=knapsack&name=a/b",
        "",
        "cannot be named",
    )
    .await;
    refused(&server, "algorithm?name=a", "", "challenge").await;
    assert_eq!(server.get_json("/devnet/state").await, before);
}

#[tokio::test]
async fn web_pages_give_no_orders() {
    let server = Server::start().await;
    for path in [
        "advance",
        "rollback",
        "faults",
        "algorithm?challenge=knapsack&name=a",
    ] {
        for (name, value) in [
            ("Origin", "https://evil.example"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Host", "evil.example:5000"),
        ] {
            let url = format!("{}/devnet/admin/{path}", server.url);
            let request = server.client.post(url).header(name, value);
            let response = request.body("{}").send().await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {name}");
        }
    }
    let url = format!("{}/devnet/admin/advance", server.url);
    let preflight = server
        .client
        .request(Method::OPTIONS, &url)
        .send()
        .await
        .unwrap();
    assert!(!preflight.status().is_success());
    assert_eq!(server.get_json("/devnet/state").await["height"], 1);
}
