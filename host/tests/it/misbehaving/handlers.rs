//! Handlers that misbehave.

use super::Scene;

/// The extension misbehaves on every event; `said` is in the line that tells of it.
async fn contained(how: &str, said: &[&str]) -> Scene {
    let mut scene = Scene::told(how).await;
    scene.others_get_every_event().await;
    scene.operator_is_told(said);
    scene
}

#[tokio::test]
async fn a_panic() {
    let said = [
        "counted",
        "panic",
        "told to panic in a handler",
        "misbehaving.rs",
    ];
    contained("panic_in_handler", &said).await;
}

#[tokio::test]
async fn a_panic_in_the_handler_and_in_the_destructor_after_it() {
    let how = "panic_in_handler_and_drop";
    let scene = contained(how, &["counted", "told to panic in a handler"]).await;
    scene.operator_is_told(&["drop", "told to panic in drop"]);
}

#[tokio::test]
async fn a_panic_that_comes_again_when_the_instance_is_made_anew() {
    contained("panic_for_good", &["stopped after", "told to panic in new"]).await;
}

#[tokio::test]
async fn a_loop_without_end() {
    let mut scene = contained("spin", &["counted", "takes more than 1 s"]).await;
    scene.operator_is_told(&["counted", "stuck for more than 10 s"]);
    scene.others_get_every_event().await;
}

#[tokio::test]
async fn a_long_sleep() {
    let scene = contained("sleep", &["counted", "takes more than 1 s"]).await;
    scene.tell("nothing").await;
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
    let mut scene = Scene::with("handwritten");
    scene.others_get_every_event().await;
    let said = "effects of a handler exceed 268435456 bytes";
    scene.home.wait_for_log(&["handwritten", "counted", said]);
    scene.others_get_every_event().await;
}

#[tokio::test]
async fn a_payload_that_is_no_json_and_an_answer_that_is_none() {
    let mut scene = Scene::with("handwritten");
    scene.others_get_every_event().await;
    let said = ["handwritten", "payload of event `counted` is no JSON"];
    scene.home.wait_for_log(&said);
    let url = format!("{}/handwritten", scene.host.url());
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status().as_u16(), 500);
    scene
        .home
        .wait_for_log(&["handwritten", "GET /handwritten", "its answer is none"]);
    scene.others_get_every_event().await;
}

/// Nobody can end a thread of a plugin, and nothing tells of it; but neither a reload nor the end of the host waits for it.
#[tokio::test]
async fn a_thread_that_never_ends() {
    let mut scene = Scene::told("leak_a_thread").await;
    scene.others_get_every_event().await;
    let next = crate::support::with_version("misbehaving", "0.1.1");
    scene.home.install("misbehaving", &next);
    scene.operator_is_told(&["extension reloaded", "0.1.1"]);
    scene.others_get_every_event().await;
    scene.host.signal(rustix::process::Signal::TERM);
    assert!(scene.host.wait().success());
}
