//! What is on disk when the process is killed.

use serde_json::json;

use crate::support::Home;

#[tokio::test]
async fn an_answer_is_sent_after_the_commit() {
    let home = Home::new();
    for round in 1..=5 {
        let host = home.start();
        assert_eq!(host.count(1).await, (200, format!("[{round},1]")));
        host.kill();
    }
}

#[tokio::test]
async fn all_that_was_answered_at_once_is_on_disk() {
    const CLIENTS: u64 = 40;
    let home = Home::new();
    let host = home.start();
    let answers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let url = format!("{}/count/1", host.url());
            tokio::spawn(async move { reqwest::Client::new().post(url).send().await })
        })
        .collect();
    for answer in answers {
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    }
    host.kill();
    let host = home.start();
    assert_eq!(host.get("/total").await, json!([CLIENTS, 0]));
}

#[tokio::test]
async fn a_durable_event_is_given_again_until_it_is_handled() {
    let home = Home::new();
    let mut config = home.config();
    config["config"] = json!({ "recorder": { "refuse": true } });
    home.write_config(&config);
    let host = home.start();
    host.count(7).await;
    host.count(8).await;
    home.wait_for_log(&["recorder", "8 is refused"]);
    host.kill();

    home.write_config(&home.config());
    let host = home.start();
    assert_eq!(host.counted_until(8).await, [7, 8]);
    host.kill();

    let host = home.start();
    host.count(9).await;
    assert_eq!(
        host.counted_until(9).await,
        [7, 8, 9],
        "handled ones do not come again"
    );
}

#[tokio::test]
async fn a_host_stops_when_its_parent_does() {
    let home = Home::new();
    let mut host = home.start();
    drop(host.child.stdin.take());
    assert!(host.wait().success());
    home.wait_for_log(&["stopping", "standard input has ended"]);
}
