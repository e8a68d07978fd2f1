//! Frames in and out.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::support::{Dialer, Peer, Peers, connected, dialer_config, open, open_with, order_at};
use crate::support::Home;

#[tokio::test(flavor = "multi_thread")]
async fn frames_go_both_ways_until_the_extension_closes() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    peer.send("echo hello").await;
    assert_eq!(peer.text().await, "hello");
    let orders = json!([
        { "send": { "tag": "a", "text": "1", "frame": 7 } },
        { "send": { "tag": "a", "text": "2" } },
        { "close": { "tag": "a", "code": 4000, "reason": "done" } },
    ]);
    assert_eq!(dialer.order(orders).await, 200);
    assert_eq!(
        (peer.text().await, peer.text().await),
        ("1".into(), "2".into())
    );
    assert_eq!(peer.close_frame().await, (4000, "done".to_owned()));
    let closed = json!({ "closed": "local", "code": 4000, "reason": "done", "unsent": 0 });
    drop(peer);
    assert_eq!(dialer.event("a", "closed").await, closed);
    let events = dialer.events().await;
    let at = |index: usize, key: &str| events[index][1][key].as_u64().unwrap();
    assert_eq!(events[1][1]["frame"], "echo hello");
    assert_eq!(events[2][1]["written"], 7);
    assert!(at(0, "opened") <= at(1, "at_us") && at(1, "at_us") <= at(2, "at_us"));
    assert_eq!(events.len(), 4, "{events:?}");
    let status = dialer.host.control().extensions().remove(0);
    let counts = (
        status.connections,
        status.frames_received,
        status.frames_sent,
    );
    assert_eq!(counts, (0, 1, 3), "connections, and frames in and out");
    let url = format!("http://{}/metrics", dialer.host.address());
    let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
    for line in [
        "tig_host_ws_connections{extension=\"dialer\"} 0",
        "tig_host_ws_frames_received_total{extension=\"dialer\"} 1",
        "tig_host_ws_frames_sent_total{extension=\"dialer\"} 3",
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "no {line} in {metrics}"
        );
    }
    dialer.stop().await;
}

/// Frames and answers on each connection.
const ROUNDS: usize = 30;

/// So many that writers and readers get in each other's way.
const CONNECTIONS: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn answer_is_never_older_than_its_question() {
    let dialer = Dialer::start();
    let tags: Vec<String> = (0..CONNECTIONS).map(|index| index.to_string()).collect();
    let mut peers = Vec::new();
    for tag in &tags {
        let mut peer = connected(&dialer, tag).await;
        peers.push(tokio::spawn(async move {
            for _ in 0..ROUNDS {
                let text = peer.text().await;
                peer.send(text).await;
            }
            peer
        }));
    }
    for round in 0..ROUNDS {
        let text = format!("round {round}");
        let send = |tag: &String| json!({ "send": { "tag": tag, "text": text, "frame": round } });
        let send: Vec<_> = tags.iter().map(send).collect();
        assert_eq!(dialer.order(json!(send)).await, 200);
    }
    for tag in &tags {
        dialer.nth_event(tag, "written", ROUNDS - 1).await;
        dialer.nth_event(tag, "frame", ROUNDS - 1).await;
    }
    let events = dialer.events().await;
    let times = |tag: &str, kind: &str| -> Vec<u64> {
        let events = events.iter().filter(|event| event[0] == tag);
        let events = events.filter(|event| !event[1][kind].is_null());
        events
            .map(|event| event[1]["at_us"].as_u64().unwrap())
            .collect()
    };
    for tag in &tags {
        let pairs = times(tag, "written").into_iter().zip(times(tag, "frame"));
        let early: Vec<_> = pairs
            .filter(|(written, answered)| written > answered)
            .collect();
        assert!(early.is_empty(), "{tag}: {early:?}");
    }
    drop(peers);
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_keep_their_order() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    for number in 1..=1_000 {
        peer.send(number.to_string()).await;
    }
    peer.send("echo end").await;
    assert_eq!(peer.text().await, "end");
    assert_eq!(dialer.rows().await, (1_000, 0));
    let all = json!([{ "send_all": { "tags": ["a"], "times": 1_000, "text": "" } }]);
    assert_eq!(dialer.order(all).await, 200);
    for number in 0..1_000 {
        assert_eq!(peer.text().await, number.to_string());
    }
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_wait_until_the_connection_is_open() {
    let dialer = Dialer::start();
    let peers = Peers::listen().await;
    let orders = json!([
        { "open": open("a", &peers.url()) },
        { "send": { "tag": "a", "text": "early", "frame": 1 } },
    ]);
    assert_eq!(dialer.order(orders).await, 200);
    let bytes = peers.accept_bytes().await;
    let more = json!([
        { "send": { "tag": "a", "text": "later" } },
        { "close": { "tag": "a", "code": 1000, "reason": "" } },
    ]);
    assert_eq!(dialer.order(more).await, 200);
    let mut peer = Peer::accept(bytes).await;
    assert_eq!(
        (peer.text().await, peer.text().await),
        ("early".into(), "later".into())
    );
    assert_eq!(peer.close_frame().await.0, 1000);
    assert!(dialer.event("a", "written").await["at_us"].is_u64());
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_frames_go_both_ways() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    let long = "ä".repeat(400_000);
    peer.send(format!("echo {long}")).await;
    assert!(peer.text().await == long);
    let event = dialer.event("a", "frame").await;
    assert_eq!(event["length"], 5 + long.len());
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_handler_sends_nothing() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    for orders in [
        json!([{ "send": { "tag": "nobody", "text": "x" } }]),
        json!([{ "send": { "tag": "a", "text": "x" } }, { "send": { "tag": "nobody", "text": "x" } }]),
        json!([{ "send": { "tag": "a", "text": "x" } }, "fail"]),
        json!([{ "open": open("a", "ws://127.0.0.1:1") }]),
        json!([{ "open": open(&"t".repeat(1 << 20), "ws://127.0.0.1:1") }]),
    ] {
        assert_eq!(dialer.order(orders).await, 500);
    }
    peer.send("fail").await;
    peer.send("echo end").await;
    assert_eq!(peer.text().await, "end");
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_goes_out_after_the_handlers_writes() {
    let home = Home::new();
    home.write_config(&dialer_config(&home));
    let host = home.start();
    let peers = Peers::listen().await;
    let orders = json!([{ "open": open("a", &peers.url()) }]);
    assert_eq!(order_at(host.url(), orders).await, 200);
    let mut peer = peers.accept().await;
    for number in 0..100 {
        peer.send(format!("store {number}")).await;
    }
    assert_eq!(peer.text().await, "0");
    host.kill();
    // Each frame that came shows that its handler's writes are on disk, though the host was killed.
    let mut last = 0;
    while let Some(Message::Text(text)) = peer.message().await {
        last = text.as_str().parse().unwrap();
    }
    let host = home.start();
    let stored: u64 = host.get("/stored").await.as_str().unwrap().parse().unwrap();
    assert!(stored >= last, "{stored} is stored, {last} was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_has_connections_without_their_secrets() {
    let home = Home::new();
    home.write_config(&dialer_config(&home));
    let host = home.start_tracing(&[]);
    let peers = Peers::listen().await;
    let secrets = json!({ "headers": [["x-token", "sesame"]] });
    let url = format!("{}?key=rosebud", peers.url());
    let orders = json!([{ "open": open_with("a", &url, secrets) }]);
    assert_eq!(order_at(host.url(), orders).await, 200);
    let mut peer = peers.accept().await;
    home.wait_for_log(&[
        "DEBUG",
        "connection opened",
        "extension=\"dialer\"",
        "tag=\"a\"",
    ]);
    peer.0.close(None).await.unwrap();
    home.wait_for_log(&["DEBUG", "connection ended", "class=Peer"]);
    let log = home.log();
    for secret in ["sesame", "rosebud"] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}
