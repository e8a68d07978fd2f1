//! Memory belongs to the transaction: an instance whose handler failed after it had asked for effects is restored from
//! storage. The counter's calls are stored nowhere, so they tell whether that has happened.

use serde_json::{Value, json};
use tig_host::State;

use crate::apply::{counting, get, stop};
use crate::reload::reload_event;
use crate::shadow::{begin, shadow_status};
use crate::support::{Home, HostProcess, with_version};

/// More than an extension may panic.
const FAILURES: usize = 3 * tig_host::testing::RESTARTS_MAX;

async fn total(host: &HostProcess) -> Value {
    host.get("/total").await
}

#[tokio::test]
async fn failure_after_effects_restores_from_storage() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    assert_eq!(host.count(13).await.0, 500);
    assert_eq!(total(&host).await, json!([5, 0]));
    home.wait_for_log(&["WARN", "counter", "instance restored from storage"]);
    let log = home.log();
    assert_eq!(log.matches("instance restored").count(), 1, "{log}");
    host.count(1).await;
    assert_eq!(host.counted_until(1).await, [5, 1]);
}

#[tokio::test]
async fn failure_before_effects_keeps_the_instance() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    let url = format!("{}/count/many", host.url());
    let answer = reqwest::Client::new().post(url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 500);
    assert_eq!(total(&host).await, json!([5, 1]));
    assert!(!home.log().contains("instance restored"));
}

#[tokio::test(flavor = "multi_thread")]
async fn persistent_failure_never_stops_an_extension() {
    let (_home, host, _) = counting().await;
    let url = format!("http://{}/count/13", host.address());
    for _ in 0..FAILURES {
        let answer = reqwest::Client::new().post(&url).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 500);
    }
    assert_eq!(get(&host, "/total").await.1, json!([5, 0]));
    let status = host.control().extensions().remove(0);
    let counted = (status.failed, status.restores, status.restarts);
    assert_eq!(counted, (FAILURES as u64, FAILURES as u64, 0));
    assert_eq!(status.state, State::Running);
    stop(host).await;
}

#[tokio::test]
async fn both_versions_of_a_probation_are_restored() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    home.install("counter", &with_version("counter", "0.1.1"));
    assert_eq!(reload_event(&host, 0).await["to"], "0.1.1");
    host.count(1).await;
    assert_eq!(host.count(13).await.0, 500);
    assert_eq!(total(&host).await, json!([6, 0]));
    assert_eq!(host.count(2).await, (200, "[8,1]".to_owned()));
    assert_eq!(host.count(666).await.0, 500);
    let reason = reload_event(&host, 1).await["reason"].to_string();
    assert!(reason.contains("666 is too much"), "{reason}");
    // The old version goes on from `[5,1]` and is given all of it again, the failures included.
    assert_eq!(total(&host).await, json!([8, 0]));
}

#[tokio::test]
async fn reload_after_a_failure_hands_over_what_is_stored() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    host.count(13).await;
    home.install("counter", &with_version("counter", "0.1.1"));
    assert_eq!(reload_event(&host, 0).await["to"], "0.1.1");
    assert_eq!(total(&host).await, json!([5, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_is_restored_from_its_own_storage() {
    let (home, host, _) = counting().await;
    begin(&home, &host).await;
    let count = async |n: u64| {
        let url = format!("http://{}/count/{n}", host.address());
        reqwest::Client::new().post(url).send().await.unwrap()
    };
    // Both fail, so both are restored.
    assert_eq!(count(13).await.status().as_u16(), 500);
    assert_eq!(get(&host, "/total").await.1, json!([5, 0]));
    let shadow = shadow_status(&host, |of| of.same + of.different == 2);
    assert_eq!(shadow.different, 0, "{shadow:?}");
    stop(host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_that_fails_alone_is_restored() {
    let (home, host, _) = counting().await;
    begin(&home, &host).await;
    let count = async |n: u64| {
        let url = format!("http://{}/count/{n}", host.address());
        reqwest::Client::new().post(url).send().await.unwrap()
    };
    assert_eq!(count(780).await.text().await.unwrap(), "[785,2]");
    count(1).await;
    let shadow = shadow_status(&host, |of| of.different == 2);
    assert!(
        shadow.differences[1].contains("replies 200 [6,1], not 200 [786,3]"),
        "{shadow:?}"
    );
    stop(host).await;
}
