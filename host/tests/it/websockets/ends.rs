//! How connections end.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::support::{Dialer, Peers, connected, open_with};

#[tokio::test(flavor = "multi_thread")]
async fn violation_ends_its_connection_only() {
    let dialer = Dialer::start();
    let mut other = connected(&dialer, "other").await;
    let text = OpCode::Data(Data::Text);
    let not_utf8 = Frame::message(Bytes::from_static(b"\xff"), text, true);
    let reserved = Frame::message(Bytes::new(), OpCode::Data(Data::Reserved(3)), true);
    for (tag, message, code, class) in [
        ("binary", Message::binary(vec![1]), 1003, "protocol"),
        ("utf8", Message::Frame(not_utf8), 1007, "protocol"),
        (
            "long",
            Message::text("x".repeat((1 << 20) + 1)),
            1009,
            "too_large",
        ),
        ("reserved", Message::Frame(reserved), 1002, "protocol"),
    ] {
        let mut peer = connected(&dialer, tag).await;
        peer.send("before").await;
        peer.0.send(message).await.unwrap();
        let (said, reason) = peer.close_frame().await;
        let closed = dialer.event(tag, "closed").await;
        assert_eq!(
            closed,
            json!({ "closed": class, "code": code, "reason": reason, "unsent": 0 })
        );
        assert_eq!(said, code, "{reason}");
        assert_eq!(dialer.event(tag, "frame").await["frame"], "before");
    }
    other.send("echo still there").await;
    assert_eq!(other.text().await, "still there");
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn close_of_the_peer_has_its_code_and_reason() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    peer.send("last").await;
    let close = CloseFrame {
        code: 1011.into(),
        reason: "bye".into(),
    };
    peer.0.close(Some(close)).await.unwrap();
    let closed = json!({ "closed": "peer", "code": 1011, "reason": "bye", "unsent": 0 });
    assert_eq!(dialer.event("a", "closed").await, closed);
    assert_eq!(peer.close_frame().await.0, 1011, "answered");
    let events = dialer.events().await;
    assert_eq!(events.last().unwrap(), &json!(["a", closed]));
    let send = json!([{ "send": { "tag": "a", "text": "too late" } }]);
    assert_eq!(dialer.order(send).await, 500, "the tag is free");
    connected(&dialer, "a").await;
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn peer_that_is_gone_leaves_unsent_frames() {
    let dialer = Dialer::start();
    let peer = connected(&dialer, "a").await;
    // More than the kernel takes for a peer that does not read.
    let text = "x".repeat(1 << 20);
    let all = json!([{ "send_all": { "tags": ["a"], "times": 30, "text": text } }]);
    assert_eq!(dialer.order(all).await, 200);
    drop(peer);
    let closed = dialer.event("a", "closed").await;
    assert_eq!(
        (&closed["closed"], &closed["code"]),
        (&json!("broken"), &Value::Null)
    );
    let unsent = closed["unsent"].as_u64().unwrap();
    assert!((1..=30).contains(&unsent), "{closed}");
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_peer_ends_and_one_that_answers_pings_lives() {
    let dialer = Dialer::start();
    let peers = Peers::listen().await;
    let bounds = json!({ "ping_every_ms": 20, "silent_ms_max": 3_000 });
    let open = |tag| json!([{ "open": open_with(tag, &peers.url(), bounds.clone()) }]);
    let (_, mut live) = tokio::join!(dialer.order(open("live")), peers.accept());
    // Answers pings as long as it is read from.
    let answering = tokio::spawn(async move {
        let mut pings = 0;
        while let Some(message) = live.message().await {
            pings += u32::from(message.is_ping());
        }
        pings
    });
    let (_, _silent) = tokio::join!(dialer.order(open("silent")), peers.accept());
    let closed = dialer.event("silent", "closed").await;
    assert_eq!(closed["closed"], "silent", "{closed}");
    assert_eq!(closed["reason"], "the peer has sent nothing for 3000 ms");
    let alive = json!([{ "send": { "tag": "live", "text": "still there" } }]);
    assert_eq!(dialer.order(alive).await, 200);
    dialer.stop().await;
    assert!(answering.await.unwrap() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_flood_is_answered_and_harms_nothing() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    for number in 0..20_000_u32 {
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        peer.0.feed(Message::Ping(payload)).await.unwrap();
    }
    peer.send("echo through").await;
    let mut last_pong = Bytes::new();
    loop {
        match peer.message().await.unwrap() {
            Message::Pong(payload) => last_pong = payload,
            Message::Text(text) => break assert_eq!(text.as_str(), "through"),
            other => panic!("{other:?}"),
        }
    }
    if *last_pong != 19_999_u32.to_be_bytes() {
        let Some(Message::Pong(payload)) = peer.message().await else {
            panic!("the last ping is not answered");
        };
        assert_eq!(*payload, 19_999_u32.to_be_bytes());
    }
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_of_the_host_closes_connections() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    let ((), frame) = tokio::join!(dialer.stop(), async {
        let frame = peer.close_frame().await;
        drop(peer);
        frame
    });
    assert_eq!(frame.0, 1001);
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_extension_loses_its_connections() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    let peers = Peers::listen().await;
    dialer.open("opening", &peers.url()).await;
    let mut opening = peers.accept_bytes().await;
    let send = json!([{ "send": { "tag": "opening", "text": "too early" } }]);
    assert_eq!(dialer.order(send).await, 200);
    let mut config = dialer.home.config();
    config["extensions"] = json!(["counter"]);
    let config = dialer.home.read(&config);
    let control = dialer.host.control();
    control.apply(config).await.unwrap();
    assert_eq!(
        peer.close_frame().await,
        (1001, "the extension has ended".to_owned())
    );
    // Ends, though its handshake was never answered.
    opening.read_to_end(&mut Vec::new()).await.unwrap();
    dialer.stop().await;
}
