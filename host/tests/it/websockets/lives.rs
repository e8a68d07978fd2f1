//! Connections belong to the host: they live through reloads, rollbacks and panics of their extension.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tig_host::{Outcome, ShadowStatus};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::support::{Dialer, Peer, Peers, connected, open};
use crate::support::{PATIENCE, wait_until, with_version};

const CONNECTIONS: usize = 1_000;
const FRAMES: u64 = 20;

async fn reload(dialer: &Dialer, version: &str) {
    dialer
        .home
        .install("dialer", &with_version("dialer", version));
    let reloaded = dialer.host.control().reload("dialer").await;
    // The host may have seen the new file by itself.
    let reloaded = reloaded.unwrap();
    assert!(
        matches!(
            reloaded,
            Outcome::Reloaded { .. } | Outcome::Unchanged { .. }
        ),
        "{reloaded:?}"
    );
}

/// Opens `count` connections, some at a time: a listener's queue is bounded.
async fn connect_many(dialer: &Dialer, count: usize) -> Vec<Peer> {
    let peers = Peers::listen().await;
    let mut connected = Vec::new();
    let tags: Vec<usize> = (0..count).collect();
    for some in tags.chunks(100) {
        let open = |tag: &usize| json!({ "open": open(&tag.to_string(), &peers.url()) });
        let orders: Vec<Value> = some.iter().map(open).collect();
        assert_eq!(dialer.order(json!(orders)).await, 200);
        for _ in some {
            connected.push(peers.accept().await);
        }
    }
    connected
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_lose_repeat_and_reorder_no_frame() {
    let dialer = Dialer::start();
    let mut peers = connect_many(&dialer, CONNECTIONS).await;
    let is_over = AtomicBool::new(false);
    let sending = async {
        for number in 1..=FRAMES {
            for peer in &mut peers {
                peer.send(number.to_string()).await;
            }
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let reloading = async {
        let mut reloads = 0;
        while !is_over.load(Ordering::Relaxed) {
            reloads += 1;
            reload(&dialer, &format!("1.{}.{}", reloads / 10, reloads % 10)).await;
        }
        reloads
    };
    let ((), reloads) = tokio::join!(sending, reloading);
    assert!(reloads >= 1);
    let wanted = CONNECTIONS as u64 * FRAMES;
    let rows = async {
        while dialer.rows().await.0 < wanted {
            tokio::task::yield_now().await;
        }
        dialer.rows().await
    };
    let rows = tokio::time::timeout(PATIENCE, rows).await.unwrap();
    assert_eq!(rows, (wanted, 0), "frames, and those out of order");
    let status = dialer.host.control().extensions().remove(0);
    assert_eq!((status.failed, status.restarts), (0, 0), "{status:?}");
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_redelivers_frames_and_sends_nothing_twice() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    reload(&dialer, "0.1.1").await;
    peer.send("echo once").await;
    assert_eq!(peer.text().await, "once");
    peer.send("panic in successor").await;
    peer.send("echo after").await;
    assert_eq!(peer.text().await, "after");
    let version = || dialer.host.control().extensions().remove(0).version;
    assert_eq!(version(), "0.1.0", "rolled back");
    let events = dialer.events().await;
    let frames: Vec<&Value> = events.iter().map(|event| &event[1]["frame"]).collect();
    let seen = [
        &Value::Null,
        &json!("echo once"),
        &json!("panic in successor"),
        &json!("echo after"),
    ];
    assert_eq!(frames, seen, "by the old version");
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_keeps_what_the_new_version_has_opened() {
    let dialer = Dialer::start();
    let peers = Peers::listen().await;
    dialer.open("a", &peers.url()).await;
    let mut first = peers.accept().await;
    reload(&dialer, "0.1.1").await;
    let again = CloseFrame {
        code: 1000.into(),
        reason: "again".into(),
    };
    first.0.close(Some(again)).await.unwrap();
    let mut second = peers.accept().await;
    second.send("panic in successor").await;
    second.send("echo after").await;
    assert_eq!(second.text().await, "after", "its tag is taken");
    let version = dialer.host.control().extensions().remove(0).version;
    assert_eq!(version, "0.1.0", "rolled back");
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_leaves_the_connection_alive() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    peer.send("panic").await;
    peer.send("echo alive").await;
    assert_eq!(peer.text().await, "alive");
    assert_eq!(dialer.host.control().extensions()[0].restarts, 1);
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_gets_frames_and_sends_nothing() {
    let dialer = Dialer::start();
    let mut peer = connected(&dialer, "a").await;
    let file = dialer.home.path("candidate.so");
    std::fs::write(&file, with_version("dialer", "0.1.1")).unwrap();
    let control = dialer.host.control();
    control.shadow("dialer", &file).await.unwrap();
    for text in ["one", "two"] {
        peer.send(format!("echo {text}")).await;
        assert_eq!(peer.text().await, text, "once");
    }
    let shadow = || dialer.host.control().extensions().remove(0).shadow;
    let has_both = |shadow: &ShadowStatus| shadow.same >= 2;
    wait_until(
        || shadow().as_ref().is_some_and(has_both),
        || format!("{:?}", shadow()),
    );
    assert_eq!(shadow().unwrap().different, 0);
    dialer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_at_once_keep_the_order_on_each_connection() {
    let dialer = Dialer::start();
    let mut peers = connect_many(&dialer, 64).await;
    let tags: Vec<String> = (0..64).map(|tag| tag.to_string()).collect();
    let send = |text: &str| json!([{ "send_all": { "tags": tags, "times": 10, "text": text } }]);
    let (first, second) = tokio::join!(dialer.order(send("a")), dialer.order(send("b")));
    assert_eq!((first, second), (200, 200));
    for peer in &mut peers {
        let mut rows = [0, 0];
        for _ in 0..20 {
            let text = peer.text().await;
            let row = &mut rows[usize::from(text.starts_with('b'))];
            assert_eq!(text[1..], row.to_string());
            *row += 1;
        }
    }
    dialer.stop().await;
}
