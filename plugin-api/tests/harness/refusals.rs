//! Calls that the harness refuses.

use tig_plugin_api::testing::CallKind;

use crate::probe::{Ask, ask, probe};

/// Each kind of call whose refusal a handler sees, with its name and what goes before it.
const REFUSED: [(CallKind, &str, &[Ask], Ask); 16] = [
    (CallKind::Emit, "pong", &[], Ask::Emit),
    (CallKind::Get, "key", &[], Ask::Get),
    (CallKind::Put, "key", &[], Ask::Put),
    (CallKind::Delete, "key", &[], Ask::Delete),
    (CallKind::Scan, "k", &[], Ask::Scan),
    (CallKind::Http, "fetch", &[], Ask::Http),
    (CallKind::Wake, "", &[], Ask::Wake),
    (CallKind::At, "tick", &[], Ask::At),
    (CallKind::Cancel, "tick", &[], Ask::Cancel),
    (CallKind::PublicKey, "hotkey", &[], Ask::PublicKey),
    (CallKind::Sign, "hotkey", &[], Ask::Sign),
    (CallKind::WsOpen, "peer", &[], Ask::WsOpen),
    (CallKind::WsSend, "peer", &[Ask::WsOpen], Ask::WsSend),
    (CallKind::WsClose, "peer", &[Ask::WsOpen], Ask::WsClose),
    (CallKind::Progress, "", &[], Ask::Progress),
    (CallKind::Finish, "", &[], Ask::Finish),
];

#[test]
fn each_kind_of_call_fails_once_by_name() {
    for (kind, name, before, wanted) in REFUSED {
        let mut probe = probe();
        ask(&mut probe, before).unwrap();
        probe.fail_next(kind, "another");
        assert!(ask(&mut probe, &[wanted]).is_ok(), "{kind:?} of another");
        let mut probe = self::probe();
        ask(&mut probe, before).unwrap();
        probe.fail_next(kind, name);
        let error = ask(&mut probe, &[wanted]).unwrap_err().to_string();
        assert_eq!(error, format!("refused by the test: {kind:?} `{name}`"));
        assert!(ask(&mut probe, &[wanted]).is_ok(), "{kind:?} fails once");
    }
}

#[test]
fn refused_report_fails_no_handler() {
    let kinds = [
        (CallKind::Count, "pings", Ask::Count),
        (CallKind::Gauge, "level", Ask::Gauge),
        (CallKind::Conditions, "", Ask::Conditions),
        (CallKind::Unfinished, "", Ask::Unfinished),
    ];
    for (kind, name, wanted) in kinds {
        let mut probe = probe();
        probe.fail_next(kind, name);
        ask(&mut probe, &[wanted]).unwrap();
        let effects = probe.effects();
        assert!(effects.metrics.is_empty(), "{kind:?}");
        assert!(effects.conditions.is_empty(), "{kind:?}");
        assert_eq!(effects.unfinished, 0, "{kind:?}");
    }
}

#[test]
fn emission_without_room_undoes_its_handler() {
    let mut probe = probe();
    probe.fail_emit("pong");
    assert!(ask(&mut probe, &[Ask::Put, Ask::Emit]).is_err());
    assert!(probe.stored().is_empty());
    assert_eq!(probe.restores(), 1);
    ask(&mut probe, &[Ask::Put, Ask::Emit]).unwrap();
    assert_eq!(probe.emitted().len(), 1);
}

#[test]
fn kind_fails_until_it_may_succeed() {
    let mut probe = probe();
    probe.fail_every(CallKind::Put);
    for _ in 0..3 {
        assert!(ask(&mut probe, &[Ask::Put]).is_err());
        assert!(ask(&mut probe, &[Ask::Emit]).is_ok());
    }
    probe.stop_failing();
    assert!(ask(&mut probe, &[Ask::Put]).is_ok());
}

#[test]
fn lost_commit_leaves_nothing_but_what_was_stored() {
    let mut probe = probe();
    ask(&mut probe, &[Ask::Put, Ask::At, Ask::WsOpen]).unwrap();
    probe.fail_commit();
    let lost = ask(&mut probe, &[Ask::Delete, Ask::Emit]);
    let error = lost.unwrap_err().to_string();
    assert!(error.contains("the store cannot be written"), "{error}");
    assert_eq!(probe.stored()["key"], "value");
    assert!(probe.emitted().is_empty());
    assert_eq!(probe.extension().granted, 0, "a new instance");
    assert!(probe.timers().is_empty() && probe.ws_connections().is_empty());
    assert_eq!(probe.restores(), 0);
    ask(&mut probe, &[Ask::Delete]).unwrap();
}

#[test]
fn lost_report_of_conditions_restores_the_instance() {
    let mut probe = probe();
    assert!(ask(&mut probe, &[Ask::Conditions, Ask::Fail]).is_err());
    assert_eq!(probe.restores(), 1);
    assert!(probe.conditions().is_empty());
}

#[test]
fn event_of_the_host_is_refused() {
    let error = ask(&mut probe(), &[Ask::EmitReserved]).unwrap_err();
    assert_eq!(error.to_string(), "`host.timer` comes from the host only");
}
