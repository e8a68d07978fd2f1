//! Connections that do not come about.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{Dialer, Peers, open, open_with};

/// Class and reason of the end of a connection that is opened by `open`.
async fn refused(dialer: &Dialer, open: Value) -> (String, String) {
    let tag = open["tag"].as_str().unwrap().to_owned();
    assert_eq!(dialer.order(json!([{ "open": open }])).await, 200);
    let closed = dialer.event(&tag, "closed").await;
    assert_eq!(closed["code"], Value::Null, "{closed}");
    let text = |key: &str| closed[key].as_str().unwrap().to_owned();
    (text("closed"), text("reason"))
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_or_invalid_url_is_of_class_connect() {
    let dialer = Dialer::start();
    let header = |name: &str, value: &str| json!({ "headers": [[name, value]] });
    let url = "ws://127.0.0.1:1/";
    for (tag, url, changes, part) in [
        ("refused", url, json!({}), "refused"),
        (
            "scheme",
            "http://127.0.0.1:1/",
            json!({}),
            "use ws:// or wss://",
        ),
        ("url", "here", json!({}), "the URL is not valid"),
        (
            "name",
            url,
            header("a b", ""),
            "\"a b\" is not a valid name",
        ),
        (
            "value",
            url,
            header("x-a", "secret\n"),
            "\"x-a\" is not valid",
        ),
        (
            "own",
            url,
            header("Upgrade", "h2c"),
            "belongs to the handshake",
        ),
    ] {
        let (class, reason) = refused(&dialer, open_with(tag, url, changes)).await;
        assert_eq!(class, "connect", "{reason}");
        assert!(reason.contains(part), "no {part:?} in {reason}");
        assert!(!reason.contains("secret"), "{reason}");
    }
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_answer_than_an_upgrade_is_of_class_handshake() {
    let dialer = Dialer::start();
    let long = "x".repeat(10_000);
    let moved = format!("301 Moved Permanently\r\nLocation: http://there/{long}");
    for (tag, answer, part) in [
        (
            "404",
            "HTTP/1.1 404 Not Found\r\n\r\nnothing here",
            "404 Not Found",
        ),
        (
            "301",
            &format!("HTTP/1.1 {moved}\r\n\r\n"),
            "points to http://there/x",
        ),
        (
            "101",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "not valid",
        ),
        ("smtp", "220 mail.example ESMTP\r\n\r\n", "not valid"),
        (
            "tls",
            "\x15\x03\x01\x00\x02\x02\x46",
            "the peer speaks TLS; use a URL with wss://",
        ),
        (
            "nothing",
            "",
            "has closed the connection in place of an answer",
        ),
    ] {
        let peers = Peers::listen().await;
        let open = open(tag, &peers.url());
        let answered = async {
            let mut stream = peers.accept_bytes().await;
            // The whole request first: bytes that are not read would turn the end into a reset.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let ((class, reason), ()) = tokio::join!(refused(&dialer, open), answered);
        assert_eq!(class, "handshake", "{tag}: {reason}");
        assert!(reason.contains(part), "{tag}: no {part:?} in {reason}");
        assert!(reason.len() < 1_000, "{tag}: {reason}");
    }
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handshake_that_takes_too_long_is_of_class_timeout() {
    let dialer = Dialer::start();
    let peers = Peers::listen().await;
    let open = open_with("a", &peers.url(), json!({ "connect_ms": 50 }));
    let ((class, reason), stream) = tokio::join!(refused(&dialer, open), peers.accept_bytes());
    assert_eq!(class, "timeout");
    assert_eq!(
        reason,
        "no connection after 50 ms, while the peer answers the handshake"
    );
    drop(stream);
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn close_before_the_handshake_is_of_class_local() {
    let dialer = Dialer::start();
    let peers = Peers::listen().await;
    dialer.open("a", &peers.url()).await;
    let mut stream = peers.accept_bytes().await;
    let close = json!([{ "close": { "tag": "a", "code": 1000, "reason": "not needed" } }]);
    assert_eq!(dialer.order(close).await, 200);
    let closed = json!({ "closed": "local", "code": null, "reason": "not needed", "unsent": 0 });
    assert_eq!(dialer.event("a", "closed").await, closed);
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_right_after_the_handshake_arrive() {
    let dialer = Dialer::start();
    let peers = Peers::listen().await;
    let headers = json!({ "headers": [["x-a", "1"], ["x-a", "2"]] });
    let open = open_with("a", &peers.url(), headers);
    assert_eq!(dialer.order(json!([{ "open": open }])).await, 200);
    let mut stream = peers.accept_bytes().await;
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        request.push(char::from(stream.read_u8().await.unwrap()));
    }
    assert!(request.starts_with("GET /path HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("x-a: 1\r\nx-a: 2\r\n"), "{request}");
    assert!(!request.contains("Extensions"), "no compression: {request}");
    let key = request.split("Sec-WebSocket-Key: ").nth(1).unwrap();
    let key = key.split("\r\n").next().unwrap();
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let bytes = [answer.as_bytes(), b"\x81\x04soon"].concat();
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(dialer.event("a", "frame").await["frame"], "soon");
    dialer.stop().await;
}
