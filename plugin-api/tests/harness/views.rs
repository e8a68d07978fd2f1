//! What a test sees of an extension, part by part.

use serde_json::json;
use tig_plugin_api::RateLimit;
use tig_plugin_api::frame::{EventKind, LogLevel};
use tig_plugin_api::prelude::*;

use crate::probe::{Ask, ask, probe};

#[test]
fn emitted_events_have_their_kind() {
    let mut probe = probe();
    ask(&mut probe, &[Ask::Emit, Ask::EmitDurable, Ask::EmitLatest]).unwrap();
    let events = probe.emitted_events();
    let kinds: Vec<_> = events
        .iter()
        .map(|it| (it.name.as_str(), it.kind))
        .collect();
    let expected = [
        ("pong", EventKind::Plain),
        ("paid", EventKind::Durable),
        ("level", EventKind::Latest),
    ];
    assert_eq!(kinds, expected);
    assert!(probe.emitted().is_empty(), "each event is returned once");
}

#[test]
fn log_lines_have_message_and_fields_apart() {
    let mut probe = probe();
    ask(&mut probe, &[Ask::Log]).unwrap();
    let (level, line) = probe.log_lines().remove(0);
    assert_eq!((level, line.message.as_str()), (LogLevel::Warn, "pinged"));
    assert_eq!(line.fields[1], ("who".to_owned(), json!("ann")));
    ask(&mut probe, &[Ask::Log]).unwrap();
    let text = "pinged count=2 who=\"ann\"".to_owned();
    assert_eq!(probe.logs(), [("warn".to_owned(), text)]);
}

#[test]
fn metrics_are_listed_with_their_labels() {
    let mut probe = probe();
    ask(&mut probe, &[Ask::Count, Ask::Gauge, Ask::Count]).unwrap();
    let metrics = probe.metrics();
    let values: Vec<_> = metrics
        .iter()
        .map(|it| (it.name.as_str(), it.value))
        .collect();
    assert_eq!(values, [("level", 0.5), ("pings", 4.0)]);
    assert_eq!(metrics[1].labels, [("kind".to_owned(), "a".to_owned())]);
    assert_eq!(probe.metric("pings", &[("kind", "a")]), Some(4.0));
}

#[test]
fn requests_are_answered_in_any_form() {
    let mut probe = probe();
    ask(&mut probe, &[Ask::Http, Ask::Http, Ask::Http]).unwrap();
    let answer = HttpAnswer::new(503, "");
    probe.try_answer("fetch", Ok(answer)).unwrap();
    let failure = HttpFailure::new(HttpFailureKind::Connect, "no route");
    probe.try_answer("fetch", Err(failure)).unwrap();
    probe.limit(
        "fetch",
        RateLimit {
            allowed_per_minute: Some(20),
            wait_ms: 500,
        },
    );
    let emitted = probe.emitted();
    assert_eq!(emitted[0], ("answered".to_owned(), json!(503)));
    assert_eq!(
        emitted[1].1,
        json!({ "kind": "connect", "text": "no route" })
    );
    assert_eq!(emitted[2].1["rate_limit"]["wait_ms"], 500);
    assert!(probe.http_calls().is_empty());
}

#[test]
fn panel_is_read_or_its_fault_is_named() {
    let mut probe = probe();
    let panel = probe.panel("probe", "limit=3").unwrap();
    assert_eq!(panel.title, "limit=3");
    let missing = probe.panel("nothing", "").unwrap_err().to_string();
    assert_eq!(missing, "panel `nothing`: status 404: no such panel");
    let odd = probe.panel("odd", "").unwrap_err().to_string();
    assert!(odd.starts_with("panel `odd`: invalid type"), "{odd}");
}
