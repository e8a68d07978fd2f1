//! What happens to versions while they are recorded.

use serde_json::json;

use super::support::{
    DIFFERENT, FILE, calls, home, install, reload, replay, replay_same, stop, texts,
};
use crate::reload::reload_event;
use crate::support::{Home, HostProcess, fixture};

/// A recorded counter that stands at 5 and has just been replaced by version 0.1.1, which counts one more.
async fn on_probation(home: &Home) -> HostProcess {
    let host = home.start();
    assert_eq!(host.count(5).await, (200, "[5,1]".to_owned()));
    install(home, "0.1.1");
    assert_eq!(reload_event(&host, 0).await["to"], "0.1.1");
    assert_eq!(host.count(1).await, (200, "[6,2]".to_owned()));
    host
}

#[tokio::test]
async fn rollback_after_a_panic_replays_the_same() {
    let home = home();
    let host = on_probation(&home).await;
    assert_eq!(host.count(777).await.0, 500);
    assert_eq!(reload_event(&host, 1).await["running"], "0.1.0");
    assert_eq!(host.get("/total").await, json!([5 + 1 + 777, 3]));
    host.counted_until(777).await;
    stop(host);
    let report = replay_same(&home, &[]);
    assert!(calls(&report, "counter") >= 7, "{report:#}");
    assert!(calls(&report, "recorder") >= 4, "{report:#}");
}

#[tokio::test]
async fn rollback_of_a_stuck_handler_replays_the_same() {
    let home = home();
    let host = on_probation(&home).await;
    let url = format!("{}/count/778", host.url());
    let stuck = tokio::spawn(async move { reqwest::Client::new().post(url).send().await });
    let reason = reload_event(&host, 1).await["reason"].to_string();
    assert!(reason.contains("stuck"), "{reason}");
    assert_eq!(host.count(1).await, (200, "[785,4]".to_owned()));
    stop(host);
    stuck.abort();
    replay_same(&home, &[]);
}

#[tokio::test]
async fn version_that_never_starts_replays_the_same() {
    let home = home();
    let host = on_probation(&home).await;
    assert_eq!(host.count(4_236).await, (200, "[4242,3]".to_owned()));
    // Its switch confirms 0.1.1, to which it is then rolled back.
    install(&home, "0.1.2");
    let reason = reload_event(&host, 1).await["reason"].to_string();
    assert!(reason.contains("stuck"), "{reason}");
    assert_eq!(host.count(779).await.0, 500, "0.1.1 is a successor");
    stop(host);
    replay_same(&home, &[]);
}

#[tokio::test]
async fn restores_and_restarts_replay_the_same() {
    let home = home();
    let host = home.start();
    host.count(5).await;
    assert_eq!(host.count(13).await.0, 500);
    assert_eq!(host.count(666).await.0, 500);
    assert_eq!(host.get("/total").await, json!([5, 0]));
    for _ in 0..tig_host::testing::RESTARTS_MAX {
        host.count(666).await;
    }
    home.wait_for_log(&["counter", "stopped after"]);
    assert_eq!(host.count(1).await.0, 500, "it is stopped");
    install(&home, "0.1.1");
    assert_eq!(reload_event(&host, 0).await["to"], "0.1.1");
    assert_eq!(host.count(1).await, (200, "[6,1]".to_owned()));
    stop(host);
    replay_same(&home, &[]);
}

#[tokio::test]
async fn rollback_to_before_the_recording_says_so() {
    let home = home();
    home.write_config(&home.config());
    let host = on_probation(&home).await;
    let mut config = home.config();
    config["record"] = json!({ "file": FILE });
    home.write_config(&config);
    reload(&home);
    assert_eq!(host.count(2).await.0, 200);
    assert_eq!(host.count(777).await.0, 500);
    reload_event(&host, 1).await;
    assert_eq!(host.count(1).await.0, 200);
    stop(host);
    let (_, report) = replay(&home, &["--extension", "counter"]);
    assert_eq!(report["has_differences"], false, "{report:#}");
    let skipped = texts(&report, "skipped").join("\n");
    let expected = "counter: it was rolled back to a version from before the recording";
    assert!(skipped.contains(expected), "{skipped}");
    assert!(skipped.contains("calls are not replayed"), "{skipped}");
    assert!(calls(&report, "counter") >= 2, "{report:#}");
}

#[tokio::test]
async fn candidate_of_another_state_begins_from_storage() {
    let home = home();
    home.write_config(&home.config());
    let host = home.start();
    host.count(5).await;
    let mut config = home.config();
    config["record"] = json!({ "file": FILE });
    home.write_config(&config);
    reload(&home);
    host.count(5).await;
    stop(host);
    let other = fixture("misbehaving").display().to_string();
    let with = ["--with", &*other, "--extension", "counter"];
    let (code, report) = replay(&home, &with);
    assert_eq!(code, Some(DIFFERENT), "{report:#}");
    let skipped = texts(&report, "skipped").join("\n");
    let expected = "counter: it cannot take over the recorded state, and begins from its storage: ";
    assert!(skipped.contains(expected), "{skipped}");
}
