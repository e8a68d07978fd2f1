//! New versions that misbehave as they take over, and old ones that do as they go. See also the tests of `probation`.

use serde_json::json;

use super::{Scene, file};
use crate::support::with_version;

/// A good file with the order to misbehave as it takes over is rejected for `reason`.
async fn refused(how: &str, reason: &str) {
    let mut scene = Scene::ordered(how).await;
    let next = with_version("misbehaving", "0.1.1");
    scene.refuses(&next, reason).await;
}

#[tokio::test]
async fn a_panic_in_new() {
    refused("panic_in_new", "ordered to panic in new").await;
}

#[tokio::test]
async fn an_error_in_new() {
    refused("fail_in_new", "ordered to fail in new").await;
}

#[tokio::test]
async fn a_panic_in_restore() {
    refused("panic_in_restore", "ordered to panic in restore").await;
}

#[tokio::test]
async fn a_panic_in_the_old_versions_snapshot() {
    let reason = "cannot hand its state over: ";
    refused("panic_in_snapshot", reason).await;
}

#[tokio::test]
async fn state_that_the_new_version_does_not_accept() {
    // The tally knows nothing of states of version 7.
    let mut scene = Scene::new();
    let reason = "state has version 7, this plugin takes version 1";
    scene.refuses(&file("tally"), reason).await;
}

#[tokio::test]
async fn a_new_that_takes_long_is_named() {
    let mut scene = Scene::ordered("sleep_in_new").await;
    let next = with_version("misbehaving", "0.1.1");
    scene.home.install("misbehaving", &next);
    scene.operator_sees(&["new", "takes more than 1 s"]);
    scene.operator_sees(&["extension reloaded", "0.1.1"]);
    scene.others_get_every_event().await;
}

#[tokio::test]
async fn a_snapshot_that_takes_long_is_named() {
    let mut scene = Scene::ordered("sleep_in_snapshot").await;
    let next = with_version("misbehaving", "0.1.1");
    scene.home.install("misbehaving", &next);
    scene.operator_sees(&["snapshot", "takes more than 1 s"]);
    scene.operator_sees(&["extension reloaded", "0.1.1"]);
    scene.others_get_every_event().await;
}

#[tokio::test]
async fn a_new_version_that_fails_after_it_has_taken_over() {
    let mut scene = Scene::new();
    let next = with_version("misbehaving", "0.1.1");
    scene.home.install("misbehaving", &next);
    scene.operator_sees(&["extension reloaded", "0.1.1"]);
    scene.order("panic_in_handler").await;
    scene.others_get_every_event().await;
    let said = [
        "rejected",
        "failed within its first 60 s",
        "ordered to panic",
    ];
    scene.operator_sees(&said);
    scene.others_get_every_event().await;
}

#[tokio::test]
async fn panic_in_the_destructor_of_a_removed_extension() {
    let mut scene = Scene::ordered("panic_in_drop").await;
    let mut config = scene.home.config();
    config["extensions"] = json!(["counter", "recorder"]);
    scene.home.write_config(&config);
    scene.host.signal(rustix::process::Signal::HUP);
    scene.operator_sees(&["drop", "ordered to panic in drop"]);
    scene.others_get_every_event().await;
    scene.host.signal(rustix::process::Signal::TERM);
    assert!(scene.host.wait().success());
}
