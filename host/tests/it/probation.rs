//! A new version that fails in its first minute: the old one goes on where it was.

use serde_json::json;

use crate::reload::reload_event;
use crate::support::{Home, HostProcess, with_version};

/// A counter that stands at 5 and has just been replaced by version 0.1.1, which counts one more.
async fn on_probation(home: &Home) -> HostProcess {
    let host = home.start();
    assert_eq!(host.count(5).await, (200, "[5,1]".to_owned()));
    home.install("counter", &with_version("counter", "0.1.1"));
    assert_eq!(reload_event(&host, 0).await["to"], "0.1.1");
    assert_eq!(host.count(1).await, (200, "[6,2]".to_owned()));
    host
}

async fn rejection(host: &HostProcess, home: &Home) -> String {
    let event = reload_event(host, 1).await;
    assert_eq!(
        (&event["running"], &event["offered"]),
        (&json!("0.1.0"), &json!("0.1.1"))
    );
    home.wait_for_log(&["counter", "rejected", "0.1.0", "0.1.1"]);
    event["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn panic_rolls_back_storage_and_redelivers_events() {
    let home = Home::new();
    let host = on_probation(&home).await;
    assert_eq!(host.count(777).await.0, 500);
    let reason = rejection(&host, &home).await;
    assert!(
        reason.contains("panic") && reason.contains("777"),
        "{reason}"
    );
    assert_eq!(host.get("/total").await, json!([5 + 1 + 777, 3]));
    assert_eq!(host.counted_until(777).await, [5, 1, 1, 777]);
    host.kill();
    let host = home.start();
    assert_eq!(host.get("/total").await, json!([5 + 1 + 777, 0]));
}

fn counter_version(home: &Home) -> String {
    let status = home.tig_host(&["status", "--json"]).json();
    let version = status["extensions"][0]["version"].as_str();
    version.unwrap().to_owned()
}

/// Edits the section of another extension.
fn another_config_does_not_retry(home: &Home) {
    let mut config = home.config();
    config["config"] = json!({ "recorder": { "refuse": true } });
    home.write_config(&config);
    let reloaded = home.tig_host(&["reload"]);
    let text = format!("{}{}", reloaded.stdout, reloaded.stderr);
    assert!(text.contains("`tig-host reload counter` tries"), "{text}");
    assert_eq!(counter_version(home), "0.1.0");
}

#[tokio::test]
async fn other_config_does_not_retry_a_rolled_back_file() {
    let home = Home::new();
    let host = on_probation(&home).await;
    host.count(777).await;
    rejection(&host, &home).await;
    another_config_does_not_retry(&home);

    assert_eq!(home.tig_host(&["reload", "counter"]).code, Some(0));
    assert_eq!(counter_version(&home), "0.1.1");
}

#[tokio::test]
async fn own_settings_retry_a_rolled_back_file() {
    let home = Home::new();
    let host = on_probation(&home).await;
    host.count(777).await;
    rejection(&host, &home).await;
    let mut config = home.config();
    config["config"] = json!({ "counter": { "start": 0 } });
    home.write_config(&config);
    let reloaded = home.tig_host(&["reload"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:?}");
    assert_eq!(counter_version(&home), "0.1.1");
}

#[tokio::test]
async fn one_failure_too_many_brings_the_old_version_back() {
    let home = Home::new();
    let host = on_probation(&home).await;
    for _ in 0..=tig_host::testing::FAILURES_MAX {
        assert_eq!(host.count(779).await.0, 500);
    }
    let reason = rejection(&host, &home).await;
    assert!(reason.contains("too many failures"), "{reason}");
    let again = 779 * (u64::from(tig_host::testing::FAILURES_MAX) + 1);
    assert_eq!(host.get("/total").await[0], json!(5 + 1 + again));
}

#[tokio::test]
async fn stuck_handler_rolls_back_on_another_thread() {
    let home = Home::new();
    let host = on_probation(&home).await;
    let url = format!("{}/count/778", host.url());
    let stuck = tokio::spawn(async move { reqwest::Client::new().post(url).send().await });
    let reason = rejection(&host, &home).await;
    assert!(reason.contains("stuck"), "{reason}");
    assert_eq!(host.get("/total").await, json!([5 + 1 + 778, 3]));
    assert_eq!(host.count(1).await, (200, "[785,4]".to_owned()));
    stuck.abort();
}

#[tokio::test]
async fn a_version_whose_restore_does_not_return_is_refused() {
    let home = Home::new();
    let host = home.start();
    host.count(4242).await;
    home.install("counter", &with_version("counter", "0.1.1"));
    let event = reload_event(&host, 0).await;
    assert!(
        event["reason"].as_str().unwrap().contains("stuck"),
        "{event}"
    );
    assert_eq!(host.count(1).await, (200, "[4243,2]".to_owned()));
    another_config_does_not_retry(&home);
}
