//! Handlers that misbehave.

use super::Scene;

/// The extension misbehaves on every event; the log line about it contains `said`.
async fn contained(how: &str, said: &[&str]) -> Scene {
    let mut scene = Scene::ordered(how).await;
    scene.others_get_every_event().await;
    scene.operator_sees(said);
    scene
}

#[tokio::test]
async fn a_panic() {
    let said = [
        "counted",
        "panic",
        "ordered to panic in a handler",
        "misbehaving.rs",
    ];
    contained("panic_in_handler", &said).await;
}

#[tokio::test]
async fn panic_in_handler_and_then_in_destructor() {
    let how = "panic_in_handler_and_drop";
    let scene = contained(how, &["counted", "ordered to panic in a handler"]).await;
    scene.operator_sees(&["drop", "ordered to panic in drop"]);
}

#[tokio::test]
async fn panic_again_in_the_restarted_instance() {
    contained(
        "panic_for_good",
        &["stopped after", "ordered to panic in new"],
    )
    .await;
}

#[tokio::test]
async fn a_loop_without_end() {
    let mut scene = contained("spin", &["counted", "takes more than 1 s"]).await;
    scene.operator_sees(&["counted", "stuck for more than 10 s"]);
    scene.others_get_every_event().await;
}

#[tokio::test]
async fn a_long_sleep() {
    let scene = contained("sleep", &["counted", "takes more than 1 s"]).await;
    scene.order("nothing").await;
}

#[tokio::test]
async fn a_million_events_from_one_handler() {
    let said = ["counted", "a handler may emit 10000 events"];
    contained("emit_a_million", &said).await;
}

#[tokio::test]
async fn a_response_of_its_own_making() {
    let said = ["counted", "`http_response` comes from the host only"];
    contained("emit_a_response", &said).await;
}

#[tokio::test]
async fn events_of_a_shape_that_nobody_expects() {
    let scene = contained("emit_another_shape", &[]).await;
    // The one who cannot read them says so; who reads no more than it needs does not mind.
    scene
        .home
        .wait_for_log(&["recorder", "event `counted`", "n: invalid type"]);
}

#[tokio::test]
async fn a_payload_over_the_bound() {
    let mut scene = Scene::with_fixture("handwritten");
    scene.others_get_every_event().await;
    let said = "effects of a handler exceed 268435456 bytes";
    scene.home.wait_for_log(&["handwritten", "counted", said]);
    scene.others_get_every_event().await;
}

#[tokio::test]
async fn invalid_payload_and_invalid_reply() {
    let mut scene = Scene::with_fixture("handwritten");
    scene.others_get_every_event().await;
    let said = ["handwritten", "payload of event `counted` is not JSON"];
    scene.home.wait_for_log(&said);
    let url = format!("{}/handwritten", scene.host.url());
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status().as_u16(), 500);
    scene
        .home
        .wait_for_log(&["handwritten", "GET /handwritten", "invalid reply"]);
    scene.others_get_every_event().await;
}

/// A thread of a plugin cannot be ended, nor is it noticed; but neither a reload nor the end of the host waits for it.
#[tokio::test]
async fn a_thread_that_never_ends() {
    let mut scene = Scene::ordered("leak_a_thread").await;
    scene.others_get_every_event().await;
    let next = crate::support::with_version("misbehaving", "0.1.1");
    scene.home.install("misbehaving", &next);
    scene.operator_sees(&["extension reloaded", "0.1.1"]);
    scene.others_get_every_event().await;
    scene.host.signal(rustix::process::Signal::TERM);
    assert!(scene.host.wait().success());
}
