//! Faults of answers as a whole, and of the time of blocks.

use std::time::{Duration, Instant};

use horde_devnet::chain::Faults;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::super::client::FIRST;
use super::{NEURONS, client};
use crate::client::soon;

#[tokio::test]
async fn service_that_was_gone_comes_back() {
    let (_devnet, client) = client("slow:0").await;
    client.read(NEURONS).await;
    // The connection that is open ends, too.
    let until = async |expected: bool| {
        while client
            .try_send(Method::GET, NEURONS, &Value::Null)
            .await
            .is_ok()
            != expected
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    client.chain.set_faults(Faults::parse(&["gone"]).unwrap());
    soon(until(false)).await;
    let refused = client.try_send(Method::GET, NEURONS, &Value::Null).await;
    assert!(refused.unwrap_err().is_connect());
    client.chain.set_faults(Faults::default());
    soon(until(true)).await;
}

#[tokio::test]
async fn port_that_speaks_tls_is_not_http() {
    let (_devnet, client) = client("speaks-tls").await;
    let answer = client.try_send(Method::GET, NEURONS, &Value::Null).await;
    assert!(answer.unwrap_err().is_request());
    assert_eq!(client.chain.report().faults, ["speaks-tls"]);
}

#[tokio::test]
async fn hanging_service_ends_the_connection() {
    let (_devnet, client) = client("hangs:60*1").await;
    let start = Instant::now();
    let answer = client.http.get(client.url(NEURONS)).send();
    assert!(soon(answer).await.unwrap_err().is_request());
    assert!(start.elapsed() >= Duration::from_millis(60));
    client.read(NEURONS).await;
}

#[tokio::test]
async fn slow_service_answers_late() {
    let (_devnet, client) = client("slow:60").await;
    let start = Instant::now();
    client.read(NEURONS).await;
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn statuses_have_the_form_of_errors() {
    for code in [401, 403, 404, 429, 500, 503] {
        let (_devnet, client) = client(&format!("status:{code}")).await;
        let (status, body) = client.get(NEURONS).await;
        assert_eq!(status.as_u16(), code);
        assert_eq!(body["status_code"], code);
    }
}

#[tokio::test]
async fn answer_that_is_cut_short_is_an_error() {
    let (_devnet, client) = client("cut-short").await;
    let response = soon(client.http.get(client.url(NEURONS)).send()).await;
    let mut response = response.unwrap();
    let announced = response.content_length().unwrap();
    let mut read = 0;
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len() as u64,
            Ok(None) => panic!("the answer is whole"),
            Err(error) => break error,
        }
    };
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert_eq!(read, announced / 2);
}

#[tokio::test]
async fn web_page_is_answered_with_200() {
    let (_devnet, client) = client("html").await;
    let response = soon(client.http.get(client.url(NEURONS)).send()).await;
    let response = response.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/html");
    assert!(
        response
            .text()
            .await
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
}

#[tokio::test]
async fn huge_body_has_its_size() {
    let (_devnet, client) = client("huge:3").await;
    let response = soon(client.http.get(client.url(NEURONS)).send()).await;
    let body = soon(response.unwrap().bytes()).await.unwrap();
    assert_eq!(body.len(), 3 << 20);
    assert!(body.starts_with(b"{\"block\":"));
    assert!(serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn chain_stands_still() {
    let (_devnet, client) = client("stands-still*3").await;
    assert_eq!(client.chain.advance(3).number, FIRST);
    assert_eq!(client.chain.advance(1).number, FIRST + 1);
}

#[tokio::test]
async fn blocks_are_rolled_back_once() {
    let (_devnet, client) = client("rolls-back:3").await;
    assert_eq!(client.chain.advance(1).number, FIRST - 3);
    assert_eq!(client.chain.advance(1).number, FIRST - 2);
}

#[tokio::test]
async fn blocks_are_replaced_once() {
    let (_devnet, client) = client("forks:2").await;
    let before = client.chain.newest();
    let after = client.chain.advance(1);
    assert_eq!(after.number, before.number);
    assert_ne!(after.hash, before.hash);
    assert_eq!(client.chain.advance(1).number, FIRST + 1);
}
