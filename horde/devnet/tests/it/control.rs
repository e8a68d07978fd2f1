//! The control routes.

use horde_devnet::{
    Config, Devnet, MinerAddress, MinerReport, TrustedConfig, Vice, Vices, VicesError,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Client, start, uuid};

fn url(devnet: &Devnet, path: &str) -> String {
    format!("http://{}{path}", devnet.control_address())
}

async fn order(devnet: &Devnet, body: &Value) -> (StatusCode, String) {
    order_at(devnet, "/vice", body).await
}

async fn order_at(devnet: &Devnet, path: &str, body: &Value) -> (StatusCode, String) {
    let request = reqwest::Client::new().post(url(devnet, path));
    let response = request.json(body).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn reports(devnet: &Devnet) -> Vec<MinerReport> {
    let response = reqwest::get(url(devnet, "/report")).await.unwrap();
    response.json().await.unwrap()
}

async fn two() -> Devnet {
    start(Config {
        miners: 2,
        ..Config::default()
    })
    .await
}

#[tokio::test]
async fn vices_change_while_a_connection_is_open() {
    let devnet = two().await;
    let mut client = Client::admitted(&devnet).await;
    let (status, _) = order(&devnet, &json!({"miner": 0, "vices": ["declines"]})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    client.reserve(&uuid()).await;
    assert_eq!(client.tags().await, ["V0DeclineJobRequest"]);
    let vices: Vec<_> = reports(&devnet)
        .await
        .into_iter()
        .map(|report| report.vices)
        .collect();
    assert_eq!(vices, [vec!["declines".to_owned()], vec![]]);
    // An order without a number is for all.
    let (status, _) = order(&devnet, &json!({"vices": []})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    client.prepare(&uuid()).await;
}

#[tokio::test]
async fn faulty_orders_change_nothing() {
    let devnet = two().await;
    for (body, expected) in [
        (json!({"miner": 2, "vices": []}), "there is no miner 2"),
        (
            json!({"miner": 0, "vices": ["sloth"]}),
            "\"sloth\" is not a vice",
        ),
        (
            json!({"miner": 0, "vices": ["slow:x"]}),
            "argument of slow: \"x\" is not a number from 0 to 600000",
        ),
        (json!({"miner": 0}), "missing field `vices`"),
        (
            json!({"miner": 0, "vices": [], "x": 1}),
            "unknown field `x`",
        ),
    ] {
        let (status, text) = order(&devnet, &body).await;
        assert!(status.is_client_error(), "{body}");
        assert!(text.contains(expected), "{text}");
    }
    assert!(
        reports(&devnet)
            .await
            .iter()
            .all(|report| report.vices.is_empty())
    );
}

#[test]
fn too_many_vices_are_rejected() {
    let fault = Vices::new([Vice::Twice; 65]);
    assert_eq!(fault, Err(VicesError::Count { count: 65 }));
    let fault = Vices::parse(&["twice", "sloth"]);
    assert!(matches!(fault, Err(VicesError::Vice(_))));
}

#[tokio::test]
async fn reports_and_addresses_can_be_read() {
    let devnet = two().await;
    let response = reqwest::get(url(&devnet, "/miners")).await.unwrap();
    let miners: Vec<MinerAddress> = response.json().await.unwrap();
    assert_eq!(miners, devnet.miners());
    let mut client = Client::admitted(&devnet).await;
    client.prepare(&uuid()).await;
    client.settle().await;
    let seen = reports(&devnet).await;
    assert_eq!(seen, devnet.reports());
    assert_eq!(seen[0].open_connection_count, 1);
    assert_eq!(seen[0].unfinished_job_count, 1);

    let request = reqwest::Client::new().delete(url(&devnet, "/report"));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let cleared = &reports(&devnet).await[0];
    assert!(cleared.reads.is_empty() && cleared.counts.is_empty());
    assert_eq!(cleared.receipts.len(), 2);
}

#[tokio::test]
async fn trusted_miner_has_routes_of_its_own() {
    let devnet = start(Config {
        trusted: Some(TrustedConfig::default()),
        ..Config::default()
    })
    .await;
    let vices = json!({"vices": ["busy-for:60", "odd-series:crlf"]});
    let (status, _) = order_at(&devnet, "/trusted/vice", &vices).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let faulty = json!({"vices": ["odd-series:sloth"]});
    let (status, text) = order_at(&devnet, "/trusted/vice", &faulty).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let expected = "argument of odd-series: \"sloth\" is not one of empty, one-line, ";
    assert!(text.starts_with(expected), "{text}");
    let get = || reqwest::get(url(&devnet, "/trusted/report"));
    let report: MinerReport = get().await.unwrap().json().await.unwrap();
    assert_eq!(report.vices, ["busy-for:60", "odd-series:crlf"]);
    assert_eq!(report, devnet.trusted().unwrap().report());
    // The miner that is not trusted has none of them.
    assert!(reports(&devnet).await[0].vices.is_empty());

    let client = Client::open_to(devnet.trusted().unwrap().address()).await;
    assert_eq!(devnet.trusted().unwrap().report().connection_count, 1);
    drop(client);
    let request = reqwest::Client::new().delete(url(&devnet, "/trusted/report"));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(devnet.trusted().unwrap().report().connection_count, 0);
}

#[tokio::test]
async fn network_without_a_trusted_miner_says_so() {
    let devnet = two().await;
    let (status, text) = order_at(&devnet, "/trusted/vice", &json!({"vices": []})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("--trusted-port"), "{text}");
}
