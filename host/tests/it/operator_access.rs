//! Who may use the operator's paths, and what a request must not do.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::operator_conditions::home;
use crate::support::{Home, HostProcess, fixture};

const TOKEN: &str = "operators-own-token";
const SLAVES: &str = "token-of-others";
const CONTROL: &str = "/operator/v1/control/";

/// A host with tokens of the operator and of other clients.
fn guarded() -> Home {
    let home = Home::new();
    home.install("reporter", &std::fs::read(fixture("reporter")).unwrap());
    write_secret(&home, "operator", TOKEN);
    write_secret(&home, "others", SLAVES);
    let mut config = home.config();
    config["extensions"] = json!(["counter", "recorder", "reporter"]);
    config["operator"] = json!({ "token_file": "operator" });
    config["access"] = json!({ "token_file": "others" });
    home.write_config(&config);
    home
}

fn write_secret(home: &Home, name: &str, text: &str) {
    let path = home.path(name);
    std::fs::write(&path, text).unwrap();
    let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, only_owner).unwrap();
}

async fn ask(
    host: &HostProcess,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let url = format!("{}{path}", host.url());
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = Client::new().request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_owned()).send().await.unwrap()
}

async fn status(host: &HostProcess, asked: (&str, &str), headers: &[(&str, &str)]) -> u16 {
    ask(host, asked, headers, "{}").await.status().as_u16()
}

const BEARER: (&str, &str) = ("authorization", "Bearer operators-own-token");
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn data_need_no_token_of_other_clients() {
    let home = guarded();
    let host = home.start();
    for path in ["status", "conditions", "events", "panels", "openapi.json"] {
        let path = format!("/operator/v1/{path}");
        let response = ask(&host, ("GET", &path), &[], "").await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let _: Value = response.json().await.unwrap();
    }
    let panel = ("GET", "/operator/panel/reporter");
    let shown = ask(&host, panel, &[], "").await;
    assert_eq!(shown.status(), 200);
    assert_eq!(shown.headers()["cache-control"], "no-store");
    assert_eq!(status(&host, panel, &[("host", "evil.example")]).await, 401);
    assert_eq!(
        status(&host, ("GET", "/total"), &[]).await,
        401,
        "as before"
    );
}

#[tokio::test]
async fn panels_are_listed_and_page_has_its_headers() {
    let home = guarded();
    let host = home.start();
    let panels = host.get("/operator/v1/panels").await;
    let expected = json!({ "panels": [{ "name": "reporter", "extension": "reporter" }] });
    assert_eq!(panels, expected);
    for path in ["/operator", "/operator/", "/operator/assets/a.js"] {
        let response = ask(&host, ("GET", path), &[("host", "any.example")], "").await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["x-page"], "reporter");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}

/// Checks the headers that an extension has got.
fn assert_has_no_token(headers: &str) {
    assert!(headers.contains("content-type"), "{headers}");
    assert!(!headers.contains("authorization"), "{headers}");
}

#[tokio::test]
async fn control_needs_the_operators_token() {
    let home = guarded();
    let host = home.start();
    let reload = format!("{CONTROL}reload/counter");
    let reload = ("POST", reload.as_str());
    let others = ("authorization", "Bearer token-of-others");
    assert_eq!(status(&host, reload, &[JSON]).await, 401);
    assert_eq!(status(&host, reload, &[JSON, others]).await, 401);
    assert_eq!(status(&host, reload, &[BEARER]).await, 415);
    assert_eq!(status(&host, reload, &[BEARER, JSON]).await, 200);
    let act = ("POST", "/operator/act");
    assert_eq!(status(&host, act, &[JSON]).await, 401);
    let acted = ask(&host, act, &[JSON, BEARER], "{}").await;
    assert_eq!(acted.status(), 200);
    assert_has_no_token(&acted.text().await.unwrap());
    // No request of another method slips past.
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let asked = (method, reload.1);
        let refused = status(&host, asked, &[BEARER, JSON]).await;
        assert_eq!(refused, 405, "{method}");
    }
}

#[tokio::test]
async fn host_without_operators_token_has_no_control() {
    let home = home(json!({}));
    let host = home.start();
    let drain = format!("{CONTROL}drain");
    let response = ask(&host, ("POST", &drain), &[BEARER, JSON], "{}").await;
    assert_eq!(response.status(), 403);
    let answer: Value = response.json().await.unwrap();
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("operator.token_file")
    );
    assert_eq!(host.get("/operator/v1/status").await["draining"], false);
}

#[tokio::test]
async fn pages_of_other_sites_read_and_change_nothing() {
    let home = guarded();
    let host = home.start();
    let drain = format!("{CONTROL}drain");
    let pages: [&[(&str, &str)]; 4] = [
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[
            ("origin", "http://127.0.0.1:3000"),
            ("sec-fetch-site", "same-site"),
        ],
        &[
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "no-cors"),
        ],
    ];
    for page in pages {
        for asked in [
            ("POST", drain.as_str()),
            ("GET", "/operator/v1/status"),
            ("GET", "/operator/panel/reporter"),
            ("GET", "/operator/assets/a.js"),
        ] {
            let headers = [page, &[BEARER, JSON]].concat();
            assert_eq!(
                status(&host, asked, &headers).await,
                403,
                "{page:?} {asked:?}"
            );
        }
    }
    let port = host.url().rsplit_once(':').unwrap().1;
    let rebound = format!("evil.example:{port}");
    let origin = format!("http://{rebound}");
    let page = [
        ("host", &*rebound),
        ("origin", &*origin),
        ("sec-fetch-site", "same-origin"),
        JSON,
    ];
    assert_eq!(
        status(&host, ("GET", "/operator/v1/status"), &page).await,
        401
    );
    assert_eq!(status(&host, ("POST", &drain), &page).await, 401);
    assert_eq!(host.get("/operator/v1/status").await["draining"], false);
}

#[tokio::test]
async fn forwarded_requests_need_the_token() {
    let home = guarded();
    let host = home.start();
    let asked = ("GET", "/operator/v1/status");
    let forwarded = ("x-forwarded-for", "203.0.113.7");
    assert_eq!(status(&host, asked, &[forwarded]).await, 401);
    assert_eq!(status(&host, asked, &[forwarded, BEARER]).await, 200);
    assert_eq!(
        status(&host, asked, &[("authorization", "Bearer wrong")]).await,
        401
    );
}

#[tokio::test]
async fn command_is_called_and_answered() {
    let home = guarded();
    let host = home.start();
    let call = format!("{CONTROL}call/reporter/greet");
    let response = ask(&host, ("POST", &call), &[BEARER, JSON], "").await;
    assert_eq!(response.status(), 200);
    let answer: Value = response.json().await.unwrap();
    let expected = json!({ "code": 0, "value": { "greeted": true }, "progress": ["hello"] });
    assert_eq!(answer, expected);
    for (path, body, wanted) in [
        ("call/reporter/great", "{}", 404),
        ("call/nobody/greet", "{}", 404),
        ("call/reporter/greet", "{", 400),
        ("call/reporter/greet", r#"{"a":1}"#, 422),
        ("drain", r#"{"seconds_max":"soon"}"#, 400),
        ("reload/nobody", "{}", 404),
        ("discard/counter", "{}", 409),
        ("nothing", "{}", 404),
    ] {
        let path = format!("{CONTROL}{path}");
        let response = ask(&host, ("POST", &path), &[BEARER, JSON], body).await;
        assert_eq!(response.status(), wanted, "{path}");
        let answer: Value = response.json().await.unwrap();
        assert!(!answer["error"].as_str().unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn huge_body_is_refused() {
    let home = guarded();
    let host = home.start();
    let call = format!("{CONTROL}call/reporter/greet");
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(2 << 20));
    let response = ask(&host, ("POST", &call), &[BEARER, JSON], &body).await;
    assert_eq!(response.status(), 413);
    assert_eq!(host.count(1).await.0, 401, "the host goes on");
}

/// Clients that send half of a request and wait hold nobody up.
#[tokio::test]
async fn slow_clients_hold_nobody_up() {
    let home = guarded();
    let host = home.start();
    let address = host.url().trim_start_matches("http://").to_owned();
    let head = format!(
        "POST {CONTROL}drain HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let slow: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(host.get("/operator/v1/status").await["draining"], false);
    drop(slow);
}

#[tokio::test]
async fn waiting_requests_are_bounded() {
    let home = guarded();
    let host = home.start();
    let address = host.url().trim_start_matches("http://").to_owned();
    let next = host.get("/operator/v1/events").await["next"]
        .as_u64()
        .unwrap();
    let head = format!(
        "GET /operator/v1/events?wait_ms=30000&name=none&after={next} HTTP/1.1\r\nHost: {address}\r\n\r\n"
    );
    let mut held: Vec<TcpStream> = Vec::new();
    // One of them is refused as soon as all places are taken.
    for _ in 0..65 {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        held.push(stream);
    }
    let refused = held.iter_mut().any(|stream| {
        stream.set_nonblocking(false).unwrap();
        let wait = std::time::Duration::from_millis(200);
        stream.set_read_timeout(Some(wait)).unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).is_ok() && &begin == b"HTTP/1.1 503"
    });
    assert!(refused, "none of the requests was refused");
    assert_eq!(host.get("/operator/v1/status").await["draining"], false);
}

#[tokio::test]
async fn new_token_counts_after_a_reload() {
    let home = guarded();
    let host = home.start();
    write_secret(&home, "operator", "another-token");
    host.signal(rustix::process::Signal::HUP);
    home.wait_for_log(&["config and extensions were read again"]);
    let reload = format!("{CONTROL}reload/counter");
    let reload = ("POST", reload.as_str());
    assert_eq!(status(&host, reload, &[BEARER, JSON]).await, 401);
    let other = ("authorization", "Bearer another-token");
    assert_eq!(status(&host, reload, &[other, JSON]).await, 200);
}

#[tokio::test]
async fn token_is_in_no_answer_and_no_log() {
    let home = guarded();
    let host = home.start_tracing(&[]);
    let mut seen = String::new();
    for path in ["status", "events", "conditions"] {
        let path = format!("/operator/v1/{path}");
        let response = ask(&host, ("GET", &path), &[BEARER], "").await;
        seen += &response.text().await.unwrap();
    }
    let drain = format!("{CONTROL}discard/counter");
    seen += &ask(&host, ("POST", &drain), &[BEARER, JSON], "")
        .await
        .text()
        .await
        .unwrap();
    seen += &home.log();
    assert!(!seen.contains(TOKEN));
}

#[test]
fn check_warns_of_a_token_in_the_clear() {
    let home = guarded();
    let mut config: Value =
        serde_json::from_slice(&std::fs::read(home.path("config.json")).unwrap()).unwrap();
    config["bind"] = json!("0.0.0.0");
    home.write_config(&config);
    let ran = home.tig_host(&["check", "config.json"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        said.contains("the operator's token crosses the network in the clear"),
        "{said}"
    );
}

#[tokio::test]
async fn admin_socket_serves_the_same_paths() {
    let home = home(json!({}));
    let _host = home.start();
    let file: Value =
        serde_json::from_slice(&std::fs::read(home.path("backup").join("admin.json")).unwrap())
            .unwrap();
    let url = |path: &str| format!("http://{}{path}", file["address"].as_str().unwrap());
    let token = file["token"].as_str().unwrap();
    for path in [
        "/operator/v1/status",
        "/operator/v1/panels",
        "/operator/panel/reporter",
        "/operator/",
        "/operator/assets/a.js",
    ] {
        let bare = reqwest::get(url(path)).await.unwrap();
        assert_eq!(bare.status(), 401, "{path}");
        let response = Client::new().get(url(path)).bearer_auth(token).send().await;
        assert_eq!(response.unwrap().status(), 200, "{path}");
    }
    let act = Client::new().post(url("/operator/act")).bearer_auth(token);
    let acted = act.json(&json!({})).send().await.unwrap();
    assert_has_no_token(&acted.text().await.unwrap());
    let reload = url("/operator/v1/control/reload/counter");
    let request = Client::new().post(reload).bearer_auth(token);
    let plain = request
        .try_clone()
        .unwrap()
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(plain.status(), 415);
    let done = request.json(&json!({})).send().await.unwrap();
    assert_eq!(done.status(), 200);
}
