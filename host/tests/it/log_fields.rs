//! What a plugin's log line is about stands in fields, for people and for programs.

use serde_json::{Value, json};

use crate::support::Home;

fn json_lines(home: &Home) -> Vec<Value> {
    let text = home.log();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect()
}

#[tokio::test]
async fn a_json_log_has_fields_of_plugins_at_the_top() {
    let home = Home::new();
    let host = home.start_with(&["--log-format", "json"]);
    host.count(555).await;
    home.wait_for_log(&["forged"]);
    drop(host);
    let lines = json_lines(&home);
    let found = |message| lines.iter().find(|line| line["message"] == message);
    let mut with_fields = found("counts {forged}").unwrap().clone();
    with_fields["timestamp"].take();
    let expected = json!({
        "timestamp": null,
        "level": "INFO",
        "message": "counts {forged}",
        "extension": "counter",
        "event": "POST /count/555",
        "number": 555,
        "client": "a\nb",
        "extension_": "x",
    });
    assert_eq!(with_fields, expected);
    let text_only = found("counts 555").unwrap();
    assert_eq!(text_only["extension"], "counter");
}

#[tokio::test]
async fn a_text_log_has_fields_of_plugins_on_their_line() {
    let home = Home::new();
    let host = home.start();
    host.count(555).await;
    let event = r#"extension="counter" event="POST /count/555""#;
    let with_fields = r#" number=555 client="a\nb" extension="x""#;
    home.wait_for_log(&["INFO counts {forged} ", event, with_fields]);
    home.wait_for_log(&["INFO counts 555 ", event]);
}

#[tokio::test]
async fn a_verbose_log_has_spans_of_requests() {
    let home = Home::new();
    let host = home.start_with(&["--log-format", "json", "--verbose"]);
    host.count(1).await;
    home.wait_for_log(&["request answered"]);
    drop(host);
    let lines = json_lines(&home);
    let mut lines = lines.iter();
    let answered = lines.find(|line| line["message"] == "request answered");
    let answered = answered.unwrap();
    assert_eq!(answered["status"], 200);
    let spans = &answered["spans"];
    assert_eq!(spans[0]["name"], "connection");
    assert!(spans[0]["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    let request = json!({ "name": "request", "method": "POST", "path": "/count/1" });
    assert_eq!(spans[1], request);
}
