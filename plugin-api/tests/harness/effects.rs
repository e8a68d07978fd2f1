//! All effects as one value.

use serde_json::json;

use crate::probe::{Ask, ask, probe};

/// One of each.
const ALL: [Ask; 17] = [
    Ask::Emit,
    Ask::EmitDurable,
    Ask::EmitLatest,
    Ask::Put,
    Ask::Http,
    Ask::Wake,
    Ask::At,
    Ask::WsOpen,
    Ask::WsSend,
    Ask::WsClose,
    Ask::Progress,
    Ask::Finish,
    Ask::Count,
    Ask::Gauge,
    Ask::Conditions,
    Ask::Unfinished,
    Ask::Log,
];

#[test]
fn effects_show_all_that_was_asked_for() {
    let mut probe = probe();
    ask(&mut probe, &ALL).unwrap();
    let effects = serde_json::to_value(probe.effects()).unwrap();
    let expected = json!({
        "events": [
            { "name": "pong", "kind": "plain", "arguments": 1 },
            { "name": "paid", "kind": "durable", "arguments": { "amount": 7 } },
            { "name": "level", "kind": "latest", "arguments": { "a": 2, "z": 1 } },
        ],
        "http": [{
            "tag": "fetch", "method": "POST", "url": "http://127.0.0.1/", "body": { "a": 2, "b": 1 },
            "timeout_ms": 1_000, "max_body_bytes": 100,
        }],
        "timers": { "tick": 1_700_000_000_500_u64 },
        "sockets": [
            { "open": {
                "tag": "peer", "url": "ws://127.0.0.1/", "headers": [], "frame_bytes_max": 100,
                "ping_every_ms": 0, "silent_ms_max": 0, "connect_ms": 1_000,
            } },
            { "send": { "tag": "peer", "text": "hello" } },
            { "close": ["peer", { "code": 1000, "reason": "done" }] },
        ],
        "woken": 2,
        "progress": [[0, "half"]],
        "finished": [[0, 0, "whole"]],
        "stored": { "key": "value" },
        "metrics": [
            { "name": "level", "labels": [], "value": 0.5 },
            { "name": "pings", "labels": [["kind", "a"]], "value": 2.0 },
        ],
        "conditions": [
            { "code": "low", "subject": "", "severity": "info", "text": "It is low.", "remedy": "" },
        ],
        "unfinished": 3,
        "logs": [{ "level": "warn", "message": "pinged", "fields": [["count", 2], ["who", "ann"]] }],
    });
    assert_eq!(effects, expected);
    // Texts show the order of keys, which values do not.
    assert_eq!(
        effects["events"][2]["arguments"].to_string(),
        r#"{"a":2,"z":1}"#
    );
}

#[test]
fn second_look_shows_state_and_no_old_event() {
    let mut probe = probe();
    ask(&mut probe, &ALL).unwrap();
    let first = probe.effects();
    let second = probe.effects();
    assert_eq!(second.stored, first.stored);
    assert_eq!(second.timers, first.timers);
    assert_eq!(second.http, first.http);
    assert_eq!(second.finished, first.finished);
    assert!(second.events.is_empty() && second.sockets.is_empty());
    assert!(second.logs.is_empty() && second.progress.is_empty());
    assert_eq!(second.woken, 0);
}

#[test]
fn failed_handler_has_no_effects_but_its_log() {
    let mut probe = probe();
    let asks = [&ALL[..], &[Ask::Fail]].concat();
    assert!(ask(&mut probe, &asks).is_err());
    let effects = serde_json::to_value(probe.effects()).unwrap();
    let keys: Vec<_> = effects.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["logs"]);
}

#[test]
fn stored_bytes_that_are_not_json_are_shown_as_text() {
    let mut probe = probe();
    probe.store("torn", "{\"a\":");
    assert_eq!(probe.effects().stored["torn"], "{\"a\":");
}
