//! No secret that the host knows, or that a name marks, is in a recording or in the report of its replay.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use axum::Router;
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use reqwest::Client;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::support::{FILE, contents, holds, reload, replay_same, stop};
use crate::support::{Home, HostProcess, fixture};

/// Secrets that the host knows.
const KNOWN: [&str; 8] = [
    "api-key/of+file?1",
    "access-token-of-host",
    "operator-token-of-host",
    "token \"of\" settings/é",
    "token-of-a-section",
    "key-of-codes-0123456789abcdef",
    "token-after-a-reload",
    "passphrase-in-a-file",
];

/// Secrets that only their names mark.
const NAMED: [&str; 5] = [
    "cookie-of-client",
    "x-api-key-of-client",
    "cookie-of-server",
    "password-in-answer",
    "query-token-of-client",
];

/// Each spelling in which a secret may be met.
fn spellings(secret: &str) -> Vec<String> {
    let escaped = json!(secret).to_string();
    let twice = json!(escaped).to_string();
    let mut percent = String::new();
    for byte in secret.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => percent.push(char::from(byte)),
            false => percent.push_str(&format!("%{byte:02X}")),
        }
    }
    let mut all = vec![
        secret.to_owned(),
        escaped[1..escaped.len() - 1].to_owned(),
        twice[3..twice.len() - 3].to_owned(),
        percent.replace("%20", "+"),
        percent,
        hex(secret.as_bytes()),
        hex(secret.as_bytes()).to_uppercase(),
    ];
    for before in ["", "a", "ab"] {
        let text = format!("{before}{secret}");
        let begin = (before.len() * 8).div_ceil(6);
        let end = text.len() * 8 / 6;
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            all.push(alphabet.encode(&text)[begin..end].to_owned());
        }
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A body with all secrets that the host knows, in all spellings.
fn body() -> String {
    let all = KNOWN.iter().flat_map(|secret| {
        let within = STANDARD_NO_PAD.encode(format!("user:{secret}:x"));
        [spellings(secret), vec![within]].concat()
    });
    let all: Vec<String> = all.collect();
    json!({ "marker": "is passed on", "all": all, "password": "password-in-answer" }).to_string()
}

fn write(home: &Home, name: &str, text: &str) {
    let path = home.path(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// An API whose answers hold secrets too.
async fn serve_api() -> String {
    let answer = || async move {
        let headers = [("set-cookie", "session=cookie-of-server")];
        (headers, r#"{"password": "password-in-answer"}"#)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(any(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// A peer that sends back the frames that come.
async fn serve_socket() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            socket.send(Message::Text(text)).await.unwrap();
        }
    });
    url
}

async fn pass(host: &HostProcess, body: String) {
    let url = format!("{}/pass?x=1&token=query-token-of-client", host.url());
    let request = Client::new()
        .post(url)
        .header("authorization", "Bearer access-token-of-host")
        .header("cookie", "session=cookie-of-client")
        .header("x-api-key", "x-api-key-of-client")
        .body(body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

fn config(home: &Home, api: &str, token: &str) -> Value {
    let mut config = home.config();
    config["extensions"] = json!(["recorder", "passer"]);
    config["api_key_file"] = json!("api_key");
    config["access"] = json!({ "token_file": "access_token", "prefixes": ["/pass"] });
    config["operator"] = json!({ "token_file": "operator_token" });
    config["keys"] = json!({
        "code": { "kind": "hmac-sha256", "file": "code_key", "extensions": ["passer"] }
    });
    config["config"] = json!({ "passer": {
        "token": token, "tokens": { "desk": KNOWN[4] }, "url": api, "passphrase": { "$file": "passphrase.json" },
    } });
    config["record"] = json!({ "file": FILE });
    config
}

/// A recording of an extension that passes on `body` and secrets of its settings, the first of which is `token` at the begin.
async fn recorded(token: &str, body: String) -> Home {
    let home = Home::new();
    home.install("passer", &fs::read(fixture("passer")).unwrap());
    write(&home, "api_key", KNOWN[0]);
    write(&home, "access_token", KNOWN[1]);
    write(&home, "operator_token", KNOWN[2]);
    write(&home, "code_key", KNOWN[5]);
    write(&home, "passphrase.json", &json!(KNOWN[7]).to_string());
    let (api, socket) = (serve_api().await, serve_socket().await);
    home.write_config(&config(&home, &api, token));
    let host = home.start();
    let opened = Client::new().post(format!("{}/open", host.url()));
    let opened = opened.body(socket).send().await.unwrap();
    assert_eq!(opened.status().as_u16(), 200);
    // While it records, a token takes the place of another.
    home.write_config(&config(&home, &api, KNOWN[6]));
    reload(&home);
    pass(&host, body).await;
    home.wait_for_log(&["passer", "cannot pass on"]);
    let text = format!("--text=of {}", KNOWN[4]);
    let ran = home.tig_host(&["call", "passer", "pass", &text]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    home.wait_for_log(&["passer", "a frame has come back"]);
    stop(host);
    let recorded = contents(&home.path(FILE));
    assert!(holds(&recorded, "is passed on") && holds(&recorded, "set-cookie"));
    check(&recorded, "the recording");
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_in_any_spelling_are_covered() {
    let home = recorded(KNOWN[3], body()).await;
    check_reports(&home);
}

#[tokio::test(flavor = "multi_thread")]
async fn covered_secrets_replay_the_same() {
    let body = json!({ "marker": "is passed on", "password": "password-in-answer" });
    let home = recorded(KNOWN[4], body.to_string()).await;
    replay_same(&home, &[]);
}

fn check(bytes: &[u8], of: &str) {
    for secret in KNOWN {
        for spelling in spellings(secret) {
            assert!(!holds(bytes, &spelling), "{of} holds {spelling}");
        }
    }
    for secret in NAMED {
        assert!(!holds(bytes, secret), "{of} holds {secret}");
    }
}

fn check_reports(home: &Home) {
    let misfit = fixture("misbehaving").display().to_string();
    for with in [&[][..], &["--with", &*misfit, "--extension", "passer"]] {
        let page = ["--html", "page.html", "--plugins", "plugins", FILE];
        let words = [&["replay", "--diff", "--all"], with, &page].concat();
        let text = home.tig_host(&words);
        assert!(matches!(text.code, Some(0 | 12)), "{text:?}");
        check(text.stdout.as_bytes(), "the text");
        check(&fs::read(home.path("page.html")).unwrap(), "the page");
        let words = [&["replay", "--json", "--diff", "--all"], with, &page].concat();
        check(home.tig_host(&words).stdout.as_bytes(), "the JSON");
    }
}
