//! The latest events, as the operator reads them.

use serde_json::{Value, json};

use crate::operator_conditions::{condition, home, post};
use crate::support::HostProcess;

async fn events(host: &HostProcess, query: &str) -> (Vec<Value>, u64, u64) {
    let answer = host.get(&format!("/operator/v1/events?{query}")).await;
    let events = answer["events"].as_array().unwrap().clone();
    let number = |key: &str| answer[key].as_u64().unwrap();
    (events, number("next"), number("lost"))
}

#[tokio::test]
async fn events_have_emitter_name_and_payload() {
    let home = home(json!({}));
    let host = home.start();
    host.count(5).await;
    // Nobody handles it.
    assert_eq!(post(&host, "/note", &json!("words")).await, 200);
    post(&host, "/report", &json!([condition("no_a", "x", "info")])).await;
    let (all, next, lost) = events(&host, "").await;
    let names: Vec<_> = all
        .iter()
        .map(|it| (&it["extension"], &it["name"]))
        .collect();
    let expected = [
        ("counter", "counted"),
        ("reporter", "noted"),
        ("host", "condition_raised"),
    ];
    assert_eq!(json!(names), json!(expected));
    assert_eq!(all[0]["payload"], json!({ "n": 5 }));
    assert!(all[0]["at_ms"].as_u64().unwrap() > 0);
    assert_eq!((next, lost), (all[2]["seq"].as_u64().unwrap(), 0));
    let (noted, ..) = events(&host, "extension=reporter&name=noted").await;
    assert_eq!(noted.len(), 1);
    let (of_the_host, ..) = events(&host, "name=counted&extension=host").await;
    assert!(of_the_host.is_empty(), "{of_the_host:?}");
}

#[tokio::test]
async fn held_request_is_answered_by_the_next_event() {
    let home = home(json!({}));
    let host = home.start();
    let (_, next, _) = events(&host, "").await;
    let query = format!("after={next}&wait_ms=30000");
    let (held, _) = tokio::join!(events(&host, &query), host.count(7));
    assert_eq!(held.0[0]["payload"], json!({ "n": 7 }));
    let (none, unchanged, _) = events(&host, &format!("after={}&wait_ms=50", held.1)).await;
    assert_eq!((none.len(), unchanged), (0, held.1));
}

#[tokio::test]
async fn long_payload_is_cut() {
    let home = home(json!({}));
    let host = home.start();
    post(&host, "/note", &json!("x".repeat(1 << 20))).await;
    let (noted, ..) = events(&host, "name=noted").await;
    assert_eq!(noted[0]["is_cut"], true);
    assert!(noted[0]["payload"].as_str().unwrap().len() <= 4_096);
}

#[tokio::test]
async fn events_that_were_lost_are_counted() {
    let home = home(json!({}));
    let host = home.start();
    let (_, begin, _) = events(&host, "").await;
    // One handler emits them all: a commit for each would take minutes on a busy disk.
    assert_eq!(
        post(&host, "/notes", &json!(vec!["words"; 2_050])).await,
        200
    );
    let (page, next, lost) = events(&host, &format!("after={begin}&limit=10")).await;
    assert_eq!((page.len(), lost), (10, 50));
    assert_eq!(events(&host, &format!("after={next}&limit=1")).await.2, 0);
}

#[tokio::test]
async fn numbers_of_events_grow_across_a_restart() {
    let home = home(json!({}));
    let host = home.start();
    host.count(5).await;
    let (_, before, _) = events(&host, "").await;
    host.kill();
    let host = home.start();
    host.count(6).await;
    let (after, ..) = events(&host, &format!("after={before}")).await;
    assert_eq!(after.last().unwrap()["payload"], json!({ "n": 6 }));
}
