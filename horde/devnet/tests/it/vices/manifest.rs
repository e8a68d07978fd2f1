//! Vices of manifests.

use horde_proto::miner::{ExecutorManifestRequest, ToValidator};

use crate::client::{Client, one, uuid};

/// The count of the first class.
fn count(message: ToValidator) -> i64 {
    match message {
        ToValidator::ExecutorManifest(ExecutorManifestRequest { manifest }) => {
            manifest.executor_classes[0].count
        }
        other => panic!("{other:?} in place of a manifest"),
    }
}

#[tokio::test]
async fn count_is_what_the_vice_says() {
    for (vice, expected) in [
        ("manifest-count", -1),
        ("manifest-count:1000000", 1_000_000),
    ] {
        let devnet = one(&[vice]).await;
        let mut client = Client::authenticated(&devnet).await;
        assert_eq!(count(client.message().await), expected);
    }
}

#[tokio::test]
async fn unknown_class_is_announced() {
    let devnet = one(&["manifest-unknown-class"]).await;
    let mut client = Client::authenticated(&devnet).await;
    let text = client.text().await;
    assert!(text.contains("always_on.gpu-1tb"), "{text}");
    assert!(ToValidator::parse(&text).is_err());
}

#[tokio::test]
async fn second_manifest_has_twice_the_executors() {
    let devnet = one(&["two-manifests"]).await;
    let mut client = Client::authenticated(&devnet).await;
    assert_eq!(count(client.message().await), 1);
    assert_eq!(count(client.message().await), 2);
}

#[tokio::test]
async fn job_runs_without_a_manifest() {
    let devnet = one(&["no-manifest"]).await;
    let mut client = Client::authenticated(&devnet).await;
    client.prepare(&uuid()).await;
}
