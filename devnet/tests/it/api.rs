//! The HTTP API, in process and on loopback; the test decides when a block is made.

use reqwest::header::HeaderValue;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tig_challenges::ChallengeKind::{self, Knapsack, Satisfiability};
use tig_devnet::{BODY_BYTES_MAX, FaultPlan, Faults};

use crate::fixture::{Server, text};
use crate::support::{self, API_KEY, Claim, NUM_NONCES, PLAYER_ID};

#[track_caller]
fn check_error(response: &Response, status: StatusCode) {
    assert_eq!(response.status(), status);
    // The clients of the time show the text only when the header is exactly this.
    assert_eq!(response.headers()["content-type"], "text/plain");
}

/// Precommit, benchmark and proof over HTTP; `tamper` changes what is claimed about the nonces.
pub(crate) async fn submit_all(
    server: &Server,
    kind: ChallengeKind,
    tamper: impl FnOnce(&mut Claim),
) -> Value {
    let settings = server.settings(kind).await;
    let request = json!({"settings": settings, "num_nonces": NUM_NONCES});
    let benchmark_id = text(&server.post_json("/submit-precommit", &request).await["benchmark_id"]);
    assert_eq!(
        server.benchmarks().await["precommits"],
        json!([]),
        "accepted is not confirmed"
    );

    server.devnet.produce_block();
    let precommit = server.benchmarks().await["precommits"][0].clone();
    assert_eq!(
        precommit["state"]["rand_hash"],
        json!(server.block_id().await)
    );
    let mut claim = Claim::compute(&settings, precommit["state"]["rand_hash"].as_str().unwrap());
    tamper(&mut claim);
    let request = serde_json::to_value(claim.benchmark(&benchmark_id)).unwrap();
    assert_eq!(
        server.post_json("/submit-benchmark", &request).await,
        json!({"ok": true})
    );

    server.devnet.produce_block();
    let benchmark = server.benchmarks().await["benchmarks"][0].clone();
    assert_eq!(benchmark["solution_nonces"], Value::Null);
    let sampled: Vec<u64> =
        serde_json::from_value(benchmark["state"]["sampled_nonces"].clone()).unwrap();
    let request = serde_json::to_value(claim.proof(&benchmark_id, &sampled)).unwrap();
    server.post_json("/submit-proof", &request).await
}

#[tokio::test]
async fn a_benchmark_goes_from_precommit_to_confirmed_proof() {
    let server = Server::start().await;
    let verified = submit_all(&server, Satisfiability, |_| ()).await;
    assert_eq!(verified, json!({"verified": {"Ok": null}}));
    server.wait_for(&["proof"]).await;
    let benchmarks = server.benchmarks().await;
    assert_eq!(benchmarks["proofs"][0]["merkle_proofs"], Value::Null);
    assert_eq!(benchmarks["frauds"], json!([]));
    let id = text(&benchmarks["proofs"][0]["benchmark_id"]);
    let data = server
        .get_json(&format!("/get-benchmark-data?benchmark_id={id}"))
        .await;
    assert_eq!(data["fraud"], Value::Null);
    assert!(
        !data["proof"]["merkle_proofs"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let status = server.get_json("/devnet/status").await["benchmarks"][0].clone();
    assert_eq!(status["challenge"], "satisfiability");
    assert_eq!(status["num_nonces"], NUM_NONCES);
}

#[tokio::test]
async fn a_tampered_leaf_ends_as_a_fraud() {
    let server = Server::start().await;
    let verified = submit_all(&server, Satisfiability, |claim| {
        claim
            .leaves
            .iter_mut()
            .for_each(|leaf| leaf.runtime_signature ^= 1);
    })
    .await;
    assert_eq!(
        verified,
        json!({"verified": {"Ok": null}}),
        "only re-execution finds it"
    );
    server.wait_for(&["fraud"]).await;
}

#[tokio::test]
async fn a_bad_proof_is_answered_with_the_reason() {
    let server = Server::start().await;
    let verified = submit_all(&server, Satisfiability, |claim| {
        claim
            .leaves
            .iter_mut()
            .for_each(|leaf| leaf.solution.clear());
    })
    .await;
    assert!(
        text(&verified["verified"]["Err"]).starts_with("invalid solution for nonce"),
        "{verified}"
    );
    server.wait_for(&["fraud"]).await;
}

#[tokio::test]
async fn every_field_that_clients_require_is_there() {
    let server = Server::start().await;
    let block = server.get_json("/get-block").await["block"].clone();
    assert_eq!(block["data"], Value::Null);
    assert_eq!(block["details"]["height"], 1);
    assert_eq!(
        block["config"]["difficulty"]["parameters"]["c003"][1]["min_value"],
        10
    );
    assert_eq!(
        block["config"]["solution_signature"].get("max_percent_delta"),
        Some(&Value::Null)
    );
    let block_id = text(&block["id"]);

    let algorithms = server
        .get_json(&format!("/get-algorithms?block_id={block_id}"))
        .await;
    assert_eq!(algorithms["block_id"], json!(block_id));
    assert_eq!(algorithms["block_details"], block["details"]);
    assert_eq!(algorithms["algorithms"][0]["state"]["round_pushed"], 0);
    assert_eq!(algorithms["algorithms"][0].get("code"), Some(&Value::Null));
    let url = text(&algorithms["wasms"][2]["details"]["download_url"]);
    let wasm = server
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(wasm, support::mini_wasm(Knapsack));

    let challenges = server
        .get_json(&format!("/get-challenges?block_id={block_id}"))
        .await["challenges"]
        .clone();
    assert_eq!(
        challenges[0]["block_data"]["scaled_frontier"],
        json!([[50, 300]])
    );
    assert_eq!(
        challenges[0]["block_data"]["base_frontier"],
        json!([[50, 321], [60, 320], [61, 300]])
    );
    assert_eq!(
        challenges[2]["block_data"]["scaled_frontier"],
        json!([[50, 10]])
    );
    assert_eq!(challenges[2]["block_data"]["base_fee"], "1000000000000000");
    for field in [
        "solution_signature_threshold",
        "num_qualifiers",
        "qualifier_difficulties",
        "scaling_factor",
    ] {
        assert!(!challenges[2]["block_data"][field].is_null(), "{field}");
    }
    for player_type in ["benchmarker", "innovator"] {
        let path = format!("/get-players?block_id={block_id}&player_type={player_type}");
        for player in server.get_json(&path).await["players"].as_array().unwrap() {
            assert_eq!(player["block_data"]["round_earnings"], "0");
        }
    }
    let path = format!("/get-fee-balance?block_id={block_id}&player_id={PLAYER_ID}");
    assert_eq!(
        server.get_json(&path).await["state"]["total_fees_paid"],
        "0"
    );
}

#[tokio::test]
async fn answers_are_about_the_block_asked_for() {
    let server = Server::start().await;
    let settings = server.settings(Knapsack).await;
    let request = json!({"settings": settings, "num_nonces": NUM_NONCES});
    server.post_json("/submit-precommit", &request).await;
    server.devnet.produce_block();
    let path =
        |block_id: &str| format!("/get-benchmarks?block_id={block_id}&player_id={PLAYER_ID}");
    assert_eq!(
        server.get_json(&path(&settings.block_id)).await["precommits"],
        json!([])
    );
    let latest = server.get_json(&path(&server.block_id().await)).await;
    assert_eq!(latest["precommits"].as_array().unwrap().len(), 1);

    for (query, has_data) in [
        ("?include_data", true),
        ("?include_data=true", true),
        ("?include_data=false", false),
    ] {
        let block = server.get_json(&format!("/get-block{query}")).await["block"].clone();
        assert_eq!(block["data"].is_object(), has_data, "{query}");
    }
    let data = server.get_json("/get-block?include_data=true").await["block"]["data"].clone();
    assert_eq!(data["confirmed_precommit_ids"].as_array().unwrap().len(), 1);
    assert_eq!(
        data["active_challenge_ids"],
        json!(["c001", "c002", "c003", "c004"])
    );

    while server.get_json("/get-block").await["block"]["details"]["round"] != 2 {
        server.devnet.produce_block();
    }
    let last_of_first = server.get_json("/get-block?round=1").await["block"].clone();
    assert_eq!(last_of_first["details"]["height"], 99);
    assert_eq!(
        server.get_json("/get-block?round=9").await["block"],
        Value::Null
    );
}

#[tokio::test]
async fn refusals_have_their_status_and_change_nothing() {
    let server = Server::start().await;
    let settings = server.settings(Knapsack).await;
    let good = json!({"settings": settings, "num_nonces": 1}).to_string();
    for key in [None, Some("00000000000000000000000000000000"), Some("")] {
        check_error(
            &server.post_as(key, "/submit-precommit", good.clone()).await,
            StatusCode::UNAUTHORIZED,
        );
    }
    let negative = good.replace(r#""num_nonces":1"#, r#""num_nonces":-1"#);
    let truncated = &good[..good.len() - 1];
    for path in ["/submit-precommit", "/submit-benchmark", "/submit-proof"] {
        for body in [
            "",
            "{",
            "[]",
            "null",
            r#"{"settings":{}}"#,
            truncated,
            &negative,
        ] {
            let response = server.post_as(Some(API_KEY), path, body.to_owned()).await;
            check_error(&response, StatusCode::BAD_REQUEST);
        }
        let huge = vec![b' '; BODY_BYTES_MAX + 1];
        check_error(
            &server.post_as(Some(API_KEY), path, huge).await,
            StatusCode::PAYLOAD_TOO_LARGE,
        );
    }
    let response = server
        .post(
            "/submit-precommit",
            &json!({"settings": settings, "num_nonces": 0}),
        )
        .await;
    check_error(&response, StatusCode::BAD_REQUEST);
    assert_eq!(
        response.text().await.unwrap(),
        "invalid number of nonces 0: at least 1 is needed"
    );
    assert!(server.stages().await.is_empty());
}

#[tokio::test]
async fn unknown_ids_and_endpoints_are_not_found() {
    let server = Server::start().await;
    let block_id = server.block_id().await;
    for path in [
        "/get-algorithms?block_id=0".to_owned(),
        "/get-challenges?block_id=0".to_owned(),
        "/get-players?block_id=0&player_type=benchmarker".to_owned(),
        format!("/get-benchmarks?block_id=0&player_id={PLAYER_ID}"),
        format!("/get-fee-balance?block_id={block_id}&player_id=0x0"),
        "/get-benchmark-data?benchmark_id=0".to_owned(),
        "/devnet/wasm/c001_a009.wasm".to_owned(),
        "/devnet/wasm/c001_a001".to_owned(),
        "/devnet/wasm//devnet/wasm/c001_a001.wasm".to_owned(),
        "/get-nothing".to_owned(),
    ] {
        check_error(&server.get(&path).await, StatusCode::NOT_FOUND);
    }
    for path in [
        "/get-challenges",
        "/get-block?round=x",
        "/get-block?include_data=maybe",
    ] {
        check_error(&server.get(path).await, StatusCode::BAD_REQUEST);
    }
    let request = server
        .client
        .request(Method::POST, format!("{}/get-block", server.url));
    let refused = request.send().await.unwrap();
    check_error(&refused, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.headers()["allow"], "GET, HEAD");
    let refused = server.get("/submit-proof").await;
    check_error(&refused, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.headers()["allow"], "POST");
}

#[tokio::test]
async fn module_is_recognised_by_its_etag() {
    let server = Server::start().await;
    let url = format!("{}/devnet/wasm/c001_a001.wasm", server.url);
    let first = server.client.get(&url).send().await.unwrap();
    let etag = first.headers()["etag"].clone();
    let status_with = async |known| {
        let request = server.client.get(&url).header("if-none-match", known);
        request.send().await.unwrap().status()
    };
    assert_eq!(status_with(etag).await, StatusCode::NOT_MODIFIED);
    let other = HeaderValue::from_static("\"other\"");
    assert_eq!(status_with(other).await, StatusCode::OK);
}

#[tokio::test]
async fn faults_are_carried_out_over_http() {
    let plan = json!({"script": [
        {"fault": {"too_many_requests": {"retry_after_s": 3}}, "at_request": 1},
        {"fault": {"clock_skew": {"ms": -86_400_000}}, "at_request": 2},
    ]});
    let plan = FaultPlan::parse(&plan.to_string()).unwrap();
    let server = Server::start_with(Faults::new(plan)).await;
    let limited = server.get("/get-block").await;
    check_error(&limited, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.headers()["retry-after"], "3");
    let skewed = server.get("/get-block").await.headers()["date"].clone();
    let right = server.get("/get-block").await.headers()["date"].clone();
    // The day of the week is named first.
    assert_ne!(skewed.as_bytes()[..3], right.as_bytes()[..3]);
}
