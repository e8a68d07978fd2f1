//! Bytes that are not an HTTP request.

use serde_json::json;
use tig_challenges::ChallengeKind::Satisfiability;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::Server;
use crate::support::API_KEY;

#[tokio::test]
async fn malformed_requests_are_refused_or_closed() {
    let server = Server::start().await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let settings = server.settings(Satisfiability).await;
    let good = json!({"settings": settings, "num_nonces": 1}).to_string();
    let post = |headers: String, body: &str| {
        let head = format!(
            "POST /submit-precommit HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {API_KEY}\r\n"
        );
        format!("{head}{headers}\r\n{body}").into_bytes()
    };
    let (length, cut) = (good.len(), &good[..good.len() - 9]);
    let mut no_text = post(format!("Content-Length: {length}\r\n"), &good);
    let key = no_text.windows(32).position(|at| at == API_KEY.as_bytes());
    no_text[key.unwrap()] = 0xff;
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"\r\n\r\n\0\0\0 / HTTP/9\r\n\r\n".to_vec(),
        b"GET /get-block HTTP/1.1\r\nHost: localhost\r\n".to_vec(),
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec(),
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec(),
        b"CONNECT x:1 HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n".to_vec(),
        no_text,
        post(format!("Content-Length: {length}\r\n"), cut),
        post("Content-Length: -1\r\n".to_owned(), &good),
        post("Content-Length: 99999999999999999999\r\n".to_owned(), &good),
        post(
            "Transfer-Encoding: chunked\r\n".to_owned(),
            &format!("zz\r\n{good}"),
        ),
        post(format!("X-Long: {}\r\n", "x".repeat(1 << 20)), &good),
        post("X-Many: x\r\n".repeat(9_999), &good),
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        // The server may hang up before it has read everything.
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer} to {}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(200)])
        );
    }
    assert!(server.stages().await.is_empty());
    let accepted = server
        .post_as(Some(API_KEY), "/submit-precommit", good)
        .await;
    assert_eq!(accepted.status(), 200, "the same is good as a whole");
}
