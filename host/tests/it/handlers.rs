//! Handlers are transactions, and a failing one harms nobody else.

use serde_json::json;

use crate::support::Home;

#[tokio::test]
async fn a_failed_handler_leaves_no_trace() {
    let home = Home::new();
    let host = home.start();
    assert_eq!(host.count(5).await, (200, "[5,1]".to_owned()));
    let (status, text) = host.count(13).await;
    assert_eq!(status, 500);
    assert!(text.contains("counter"), "{text}");
    // The calls are stored nowhere.
    assert_eq!(host.count(1).await, (200, "[6,1]".to_owned()));
    assert_eq!(host.counted_until(1).await, [5, 1]);
    home.wait_for_log(&["ERROR", "counter", "POST /count/13", "13 is not counted"]);
}

#[tokio::test]
async fn a_panic_restarts_that_extension_only() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    assert_eq!(host.count(666).await.0, 500);
    assert_eq!(
        host.get("/total").await,
        json!([5, 0]),
        "restarted from its storage"
    );
    host.count(2).await;
    assert_eq!(host.counted_until(2).await, [5, 2]);
    home.wait_for_log(&["counter", "panic", "666 is too much", "counter.rs"]);
}

#[tokio::test]
async fn backtrace_of_a_panic_is_in_the_log() {
    let home = Home::new();
    let host = home.start_with_variables(&[("RUST_BACKTRACE", "1")]);
    assert_eq!(host.count(666).await.0, 500);
    home.wait_for_log(&["ERROR", "counter", "panicked in", "counter.rs"]);
    host.kill();
    // The next host begins another log.
    std::fs::remove_file(home.path("log")).unwrap();
    let host = home.start_with_variables(&[("RUST_BACKTRACE", "0")]);
    assert_eq!(host.count(666).await.0, 500);
    home.wait_for_log(&["instance restarted"]);
    assert!(!home.log().contains("panicked in"), "{}", home.log());
}

#[tokio::test]
async fn extension_that_keeps_panicking_is_stopped() {
    let home = Home::new();
    let host = home.start();
    for _ in 0..=tig_host::testing::RESTARTS_MAX {
        assert_eq!(host.count(666).await.0, 500);
    }
    assert_eq!(host.count(1).await.0, 500);
    home.wait_for_log(&["counter", "stopped after", "replace its file"]);
    assert_eq!(host.get("/seen").await[0], json!([]));
}

#[tokio::test]
async fn the_tick_comes_at_once() {
    let home = Home::new();
    let host = home.start();
    let mut updates = json!(0);
    while updates == json!(0) {
        updates = host.get("/seen").await[1].clone();
    }
    assert_eq!(updates, json!(1));
}

#[tokio::test]
async fn a_path_that_nobody_answers_is_404() {
    let home = Home::new();
    let host = home.start();
    let (status, text) = (404, "no extension answers GET /nothing");
    let response = reqwest::get(format!("{}/nothing", host.url()))
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.text().await.unwrap(), text);
}

#[tokio::test]
async fn parked_request_is_answered_when_woken() {
    let home = Home::new();
    let host = home.start();
    assert_eq!(host.get("/above/0?wait=0").await, json!(0), "time is over");
    let url = format!("{}/above/5", host.url());
    let held = tokio::spawn(async move { reqwest::get(url).await.unwrap().text().await.unwrap() });
    for n in 1..=3 {
        host.count(n).await;
    }
    assert_eq!(held.await.unwrap(), "6");
}

#[tokio::test]
async fn a_held_answer_does_not_keep_a_host_from_stopping() {
    let home = Home::new();
    let mut host = home.start();
    let url = format!("{}/above/5", host.url());
    let held = tokio::spawn(async move { reqwest::get(url).await });
    host.count(1).await;
    host.child.stdin.take();
    assert!(host.wait().success());
    // Answered or cut off, but over.
    drop(held.await.unwrap());
}

#[tokio::test]
async fn body_is_accepted_up_to_the_limit() {
    let home = Home::new();
    let host = home.start();
    let url = format!("{}/count/1", host.url());
    let post = |bytes: usize| {
        let client = reqwest::Client::new();
        client.post(&url).body(vec![b'x'; bytes]).send()
    };
    assert_eq!(post(32 << 20).await.unwrap().status().as_u16(), 200);
    // The answer may come while the body is still being sent: then the connection just ends.
    if let Ok(response) = post(100 << 20).await {
        assert_eq!(response.status().as_u16(), 413);
    }
    assert_eq!(host.get("/total").await, json!([1, 1]));
}
