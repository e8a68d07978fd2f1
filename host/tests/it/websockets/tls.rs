//! Connections with TLS, and peers that speak it where they should not, or not where they should.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::support::{Dialer, Peers, dialer_config, open, open_with};

/// Less than TLS keeps.
const FRAME_BYTES: usize = 40_000;

/// Time for a frame to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A frame that is not written after this time does not fit into the kernel's buffers.
const PAUSE: Duration = Duration::from_millis(500);

fn tls_of(certified: &CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The same address with TLS, under the name of the certificate.
fn with_tls(url: &str) -> String {
    url.replace("ws://127.0.0.1", "wss://localhost")
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_of_the_config_is_trusted_and_no_other() {
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = tls_of(&certified);
    let peers = Peers::listen().await;
    let url = with_tls(&peers.url());

    let dialer = Dialer::start();
    dialer.open("stranger", &url).await;
    assert!(tls.accept(peers.accept_bytes().await).await.is_err());
    let closed = dialer.event("stranger", "closed").await;
    assert_eq!(closed["closed"], "tls", "{closed}");
    let reason = closed["reason"].as_str().unwrap();
    assert!(reason.contains("is not trusted: UnknownIssuer"), "{reason}");
    assert!(reason.contains("tls.ca_file"), "{reason}");

    std::fs::write(dialer.home.path("ca.pem"), certified.cert.pem()).unwrap();
    let mut config = dialer_config(&dialer.home);
    config["tls"] = json!({ "ca_file": "ca.pem" });
    let config = dialer.home.read(&config);
    let applied = dialer.host.control().apply(config).await;
    applied.unwrap();
    dialer.open("a", &url).await;
    let stream = tls.accept(peers.accept_bytes().await).await.unwrap();
    let mut peer = accept_async(stream).await.unwrap();
    let long = "x".repeat(500_000);
    peer.send(Message::text(format!("echo {long}")))
        .await
        .unwrap();
    let echo = peer.next().await.unwrap().unwrap();
    assert!(echo == Message::text(long));
    let orders = json!([
        { "send": { "tag": "a", "text": "1", "frame": 1 } },
        { "close": { "tag": "a", "code": 1000, "reason": "" } },
    ]);
    assert_eq!(dialer.order(orders).await, 200);
    assert_eq!(peer.next().await.unwrap().unwrap(), Message::text("1"));
    assert!(peer.next().await.unwrap().unwrap().is_close());
    drop(peer);
    dialer.event("a", "written").await;
    assert_eq!(dialer.event("a", "closed").await["closed"], "local");
    dialer.stop().await;
}

/// Frames until the kernel takes no more: of the last one, TLS keeps a part.
#[tokio::test(flavor = "multi_thread")]
async fn frame_that_tls_keeps_follows_when_there_is_room() {
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = tls_of(&certified);
    let peers = Peers::listen().await;
    let dialer = Dialer::start_with(|home, config| {
        std::fs::write(home.path("ca.pem"), certified.cert.pem()).unwrap();
        config["tls"] = json!({ "ca_file": "ca.pem" });
    });
    let opens = open_with("a", &with_tls(&peers.url()), json!({ "ping_every_ms": 0 }));
    assert_eq!(dialer.order(json!([{ "open": opens }])).await, 200);
    let stream = tls.accept(peers.accept_bytes().await).await.unwrap();
    let mut peer = accept_async(stream).await.unwrap();
    let text = "x".repeat(FRAME_BYTES);
    let mut sent = 0;
    loop {
        let order = json!([{ "send": { "tag": "a", "text": text, "frame": sent } }]);
        assert_eq!(dialer.order(order).await, 200);
        let written = dialer.nth_event("a", "written", sent);
        sent += 1;
        if timeout(PAUSE, written).await.is_err() {
            break;
        }
    }
    for _ in 0..sent {
        let read = timeout(PATIENCE, peer.next()).await.expect("the end comes");
        assert!(read.unwrap().unwrap() == Message::text(&text));
    }
    dialer.nth_event("a", "written", sent - 1).await;
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unexpected_tls_has_a_clear_reason() {
    let dialer = Dialer::start();
    let peers = Peers::listen().await;
    dialer.open("a", &with_tls(&peers.url())).await;
    let mut stream = peers.accept_bytes().await;
    stream
        .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .await
        .unwrap();
    let closed = dialer.event("a", "closed").await;
    assert_eq!(closed["closed"], "tls");
    let reason = "the peer does not speak TLS; a URL with ws:// needs none";
    assert_eq!(closed["reason"], reason);
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_tls_has_a_clear_reason() {
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let dialer = Dialer::start();
    let peers = Peers::listen().await;
    let orders = json!([{ "open": open("a", &peers.url()) }]);
    assert_eq!(dialer.order(orders).await, 200);
    let refused = tls_of(&certified).accept(peers.accept_bytes().await).await;
    assert!(refused.is_err());
    let closed = dialer.event("a", "closed").await;
    assert_eq!(closed["closed"], "handshake", "{closed}");
    let reason = "the peer speaks TLS; use a URL with wss://";
    assert_eq!(closed["reason"], reason);
    dialer.stop().await;
}
