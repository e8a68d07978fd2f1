//! An extension that cannot keep up with its peers.

use std::time::Duration;

use serde_json::json;

use super::support::{Dialer, Peers, connected};
use crate::support::fixture;

/// A peer that cannot send for so long is blocked.
const BLOCKED: Duration = Duration::from_secs(2);

/// Spaces after the number of a frame.
const FRAME_BYTES: usize = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn stuck_extension_stops_its_peers_and_no_others() {
    let others = Peers::listen().await;
    let url = others.url();
    let dialer = Dialer::start_with(|home, config| {
        home.install("parrot", &std::fs::read(fixture("parrot")).unwrap());
        config["extensions"] = json!(["dialer", "parrot"]);
        config["config"] = json!({ "parrot": { "url": url } });
    });
    let mut other = others.accept().await;
    let mut peer = connected(&dialer, "a").await;
    let gate = dialer.home.path("gate");
    peer.send(format!("wait {}", gate.display())).await;

    let mut sent = 0;
    let text = |number: u64| format!("{number}{}", " ".repeat(FRAME_BYTES));
    while sent < 2_000 {
        let sending = peer.send(text(sent + 1));
        if tokio::time::timeout(BLOCKED, sending).await.is_err() {
            break;
        }
        sent += 1;
    }
    assert!(sent < 1_000, "{sent} frames were read ahead");
    other.send("still there").await;
    assert_eq!(other.text().await, "still there");

    std::fs::write(&gate, "").unwrap();
    // The frame that was begun when the peer was found to be blocked is whole as well.
    peer.send("echo end").await;
    assert_eq!(peer.text().await, "end");
    let (last, disorders) = dialer.rows().await;
    assert!(last == sent || last == sent + 1, "{last}, not {sent}");
    assert_eq!(disorders, 0);
    dialer.stop().await;
}
