//! Requests of extensions to API hosts: by every method, with the headers of the responses, at the rates that are stated.

use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderName, Method, StatusCode};
use axum::routing::any;
use reqwest::Client;
use serde_json::{Value, json};

use crate::support::{Home, HostProcess, PATIENCE, fixture};

/// The header by which the server repeats the method.
const METHOD: HeaderName = HeaderName::from_static("x-method");

const SECRET: &str = "session=s3cret";

/// A server that responds to any method with headers and the body `body`.
async fn serve() -> String {
    let respond = |method: Method| async move {
        let headers = [
            (METHOD, method.to_string()),
            (HeaderName::from_static("set-cookie"), SECRET.to_owned()),
        ];
        (StatusCode::OK, headers, "body")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(any(respond));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// A config with the fetcher, whose rate applies to the API host of `fetch_url`.
fn config(home: &Home, fetch_url: &str) -> Value {
    home.install("fetcher", &std::fs::read(fixture("fetcher")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["fetcher"]);
    config["fetch_url"] = json!(fetch_url);
    config
}

fn start(home: &Home, config: &Value) -> HostProcess {
    home.write_config(config);
    home.start()
}

/// What the fetcher gets for a request.
pub(crate) async fn fetched(host: &HostProcess, method: &str, url: &str) -> Value {
    let asked = Client::new().post(format!("{}/fetch?{method}", host.url()));
    let asked = asked.body(url.to_owned()).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    last_fetched(host).await
}

/// What the fetcher gets for its last request.
pub(crate) async fn last_fetched(host: &HostProcess) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let fetched = host.get("/fetched").await;
        if !fetched.is_null() {
            return fetched;
        }
        assert!(Instant::now() < deadline, "no response");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn status(fetched: &Value) -> Option<u64> {
    fetched["answered"]["status"].as_u64()
}

/// The text of a request that had no turn.
fn refusal(fetched: &Value) -> &str {
    assert_eq!(fetched["failed"]["kind"], "rate_limited", "{fetched}");
    fetched["failed"]["text"].as_str().unwrap()
}

#[tokio::test]
async fn every_method_brings_headers_back() {
    let (home, url) = (Home::new(), serve().await);
    let host = start(&home, &config(&home, ""));
    for (method, body) in [
        ("GET", "body"),
        ("POST", "body"),
        ("PUT", "body"),
        ("DELETE", "body"),
        ("HEAD", ""),
    ] {
        let fetched = fetched(&host, method, &url).await;
        let answer = &fetched["answered"];
        assert_eq!(status(&fetched), Some(200), "{fetched}");
        assert_eq!(answer["body"], body, "{method}");
        let headers = answer["headers"].as_array().unwrap();
        assert!(headers.contains(&json!(["x-method", method])), "{fetched}");
        assert!(headers.contains(&json!(["set-cookie", SECRET])));
    }
    assert!(!home.log().contains("s3cret"), "a cookie is not logged");
}

#[tokio::test]
async fn stated_rate_is_that_of_its_api_host_alone() {
    let (home, url, other) = (Home::new(), serve().await, serve().await);
    let host = start(&home, &config(&home, &format!("{url}/v1")));
    assert_eq!(status(&fetched(&host, "GET", &url).await), Some(200));
    let refused = fetched(&host, "HEAD", &url).await;
    let text = refusal(&refused);
    assert!(text.starts_with("http.gets_per_minute is 1,"), "{text}");
    for _ in 0..3 {
        assert_eq!(status(&fetched(&host, "PUT", &url).await), Some(200));
        assert_eq!(status(&fetched(&host, "GET", &other).await), Some(200));
    }
}

/// Expects that the request of the fetcher's `new` has taken the only turn of this minute.
async fn assert_first_took_the_turn(host: &HostProcess, url: &str) {
    assert_eq!(status(&last_fetched(host).await), Some(200));
    let refused = fetched(host, "GET", url).await;
    let text = refusal(&refused);
    assert!(text.starts_with("http.gets_per_minute is 1,"), "{text}");
}

#[tokio::test]
async fn requests_made_in_new_count_from_the_start() {
    let (home, url) = (Home::new(), serve().await);
    let mut config = config(&home, &url);
    config["config"] = json!({ "fetcher": { "first_url": &url } });
    let host = start(&home, &config);
    assert_first_took_the_turn(&host, &url).await;
}

#[tokio::test]
async fn requests_made_in_new_of_an_added_one_count() {
    let (home, url) = (Home::new(), serve().await);
    let mut config = config(&home, &url);
    // The identity cannot change while the host runs, but may have a key before the extension that names it.
    config["identity"]["fetch_url"] = config["fetch_url"].take();
    config.as_object_mut().unwrap().remove("fetch_url");
    config["extensions"] = json!(["counter"]);
    let host = start(&home, &config);
    config["extensions"] = json!(["counter", "fetcher"]);
    config["config"] = json!({ "fetcher": { "first_url": &url } });
    home.write_config(&config);
    assert_eq!(home.tig_host(&["reload"]).code, Some(0));
    assert_first_took_the_turn(&host, &url).await;
}

#[tokio::test]
async fn rates_follow_the_config_of_a_running_host() {
    let (home, url) = (Home::new(), serve().await);
    let mut config = config(&home, &url);
    let host = start(&home, &config);
    assert_eq!(status(&fetched(&host, "GET", &url).await), Some(200));

    let reload = || assert_eq!(home.tig_host(&["reload"]).code, Some(0));
    reload();
    let refused = fetched(&host, "GET", &url).await;
    let text = refusal(&refused);
    assert!(text.starts_with("http.gets_per_minute is 1,"), "{text}");

    config["http"] = json!({ "hosts": { &url: { "gets_per_minute": 2 } } });
    home.write_config(&config);
    reload();
    assert_eq!(status(&fetched(&host, "GET", &url).await), Some(200));
    let refused = fetched(&host, "GET", &url).await;
    let key = format!("http.hosts.{url}.gets_per_minute is 2,");
    assert!(refusal(&refused).starts_with(&key), "{refused}");

    config["http"] = json!({ "hosts": { "127.0.0.1": {} } });
    home.write_config(&config);
    let ran = home.tig_host(&["reload"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    let text = "\"127.0.0.1\" is not an API host: begin with http://";
    assert!(ran.stderr.contains(text), "{ran:?}");
}

#[tokio::test]
async fn listed_host_without_a_limit_has_none() {
    let (home, url) = (Home::new(), serve().await);
    let mut config = config(&home, &url);
    config["http"] = json!({ "gets_per_minute": 1, "hosts": { &url: { "gets_per_minute": 0 } } });
    let host = start(&home, &config);
    for _ in 0..3 {
        assert_eq!(status(&fetched(&host, "GET", &url).await), Some(200));
    }
}
