//! What an operator must look at comes and goes.

use serde_json::json;
use tig_plugin_api::testing::{CallKind, Harness};
use tig_plugin_api::{Severity, WsCloseClass, WsEventKind};

use super::support::*;
use crate::connection::STABLE_MS;

fn codes(world: &World) -> Vec<&str> {
    let conditions = world.0.conditions().iter();
    conditions.map(|it| it.code.as_str()).collect()
}

/// Opens a connection that fails, after the longest pause.
fn fail_attempt(world: &mut World) {
    if world.try_tag().is_none() {
        world.0.advance_ms(PAUSE_MS);
    }
    let tag = world.tag();
    world.0.ws_end(&tag, WsCloseClass::Connect);
}

/// Reports that were refused since the last look, which are logged.
fn refused_reports(world: &mut World) -> usize {
    let logs = world.0.logs().into_iter();
    logs.filter(|(_, text)| text.contains("refused by the test"))
        .count()
}

fn stay_up(world: &mut World) {
    world.0.advance_ms(STABLE_MS);
    world.0.update();
}

/// A facilitator that refuses, in each way that it has.
fn refuse(world: &mut World, way: &str) {
    let tag = world.tag();
    world.0.ws_accept(&tag);
    match way.parse() {
        Ok(code) => world.close(Some(code)),
        Err(_) => world.frame(&error_answer(way)),
    }
}

#[test]
fn absent_facilitator_is_reported_from_second_failure() {
    let mut world = start();
    fail_attempt(&mut world);
    world.0.update();
    assert_eq!(codes(&world), [""; 0], "the first attempt after a start");
    fail_attempt(&mut world);
    let condition = world.0.conditions()[0].clone();
    assert_eq!(condition.code, "facilitator_unreachable");
    assert_eq!(condition.severity, Severity::Warning);
    assert!(condition.text.contains(URI), "{}", condition.text);
    let cause = r#"no connection to the facilitator: "made by the test""#;
    assert!(condition.text.ends_with(cause), "{}", condition.text);
    world.0.advance_ms(PAUSE_MS);
    assert_eq!(world.state(), "connecting");
    assert_eq!(codes(&world), ["facilitator_unreachable"]);
    world.0.reload();
    assert_eq!(world.0.conditions(), [condition], "after a reload");
    world.come_up();
    stay_up(&mut world);
    assert_eq!(codes(&world), [""; 0]);
    assert_eq!(world.state(), "up");
}

#[test]
fn short_loss_is_not_reported() {
    let mut world = start_up();
    for _ in 0..3 {
        stay_up(&mut world);
        world.close(None);
        world.0.update();
        assert_eq!(codes(&world), [""; 0]);
        world.reconnect();
    }
    // Nor is the loss that follows a trouble that is over.
    for _ in 0..4 {
        world.close(None);
        world.reconnect();
    }
    assert_eq!(codes(&world), ["facilitator_unreachable"]);
    stay_up(&mut world);
    world.close(None);
    world.0.update();
    assert_eq!(codes(&world), [""; 0]);
}

#[test]
fn flapping_connection_is_one_trouble() {
    let mut world = start();
    for count in 1..6 {
        world.come_up();
        world.close(None);
        if count > 1 {
            assert_eq!(codes(&world), ["facilitator_unreachable"]);
        }
        world.0.advance_ms(PAUSE_MS);
    }
    world.come_up();
    world.0.advance_ms(STABLE_MS - 1);
    world.0.update();
    assert_eq!(codes(&world), ["facilitator_unreachable"], "up, not stable");
    world.0.advance_ms(1);
    world.0.update();
    assert_eq!(codes(&world), [""; 0]);
}

#[test]
fn refusal_is_reported_until_it_is_over() {
    for way in ["auth.validator_not_found", "3000", "3001"] {
        let mut world = start();
        refuse(&mut world, way);
        let condition = world.0.conditions()[0].clone();
        assert_eq!(condition.code, "facilitator_refuses");
        assert_eq!(condition.severity, Severity::Critical);
        assert!(condition.text.contains(way), "{}", condition.text);
        assert!(condition.remedy.contains("`hotkey`"));
        world.0.advance_ms(PAUSE_MS);
        assert_eq!(world.state(), "connecting");
        assert_eq!(codes(&world), ["facilitator_refuses"], "{way}");
        refuse(&mut world, way);
        assert_eq!(codes(&world), ["facilitator_refuses"], "{way}");
        world.reconnect();
        stay_up(&mut world);
        assert_eq!(codes(&world), [""; 0], "{way}");
    }
}

#[test]
fn last_failure_says_which_trouble_it_is() {
    let mut world = start();
    refuse(&mut world, "3001");
    fail_attempt(&mut world);
    assert_eq!(codes(&world), ["facilitator_unreachable"]);
    world.0.advance_ms(PAUSE_MS);
    refuse(&mut world, "3001");
    assert_eq!(codes(&world), ["facilitator_refuses"]);
}

#[test]
fn late_status_is_reported_until_it_is_taken() {
    let mut world = start();
    fail_attempt(&mut world);
    world.give(&uuid(1), "completed");
    world.0.advance_ms(119_999);
    world.0.update();
    assert_eq!(codes(&world), [""; 0]);
    world.0.advance_ms(1);
    world.0.update();
    assert_eq!(codes(&world), ["statuses_waiting"]);
    assert_eq!(world.0.conditions()[0].severity, Severity::Warning);
    fail_attempt(&mut world);
    let expected = ["facilitator_unreachable", "statuses_waiting"];
    assert_eq!(codes(&world), expected);
    let text = &world.0.conditions()[1].text;
    assert!(text.ends_with("no lasting connection to it"), "{text}");
    world.reconnect();
    world.frame(SUCCESS);
    stay_up(&mut world);
    assert_eq!(codes(&world), [""; 0]);
}

#[test]
fn old_status_after_a_start_is_not_reported() {
    let mut world = start();
    world.give(&uuid(1), "completed");
    world.0.advance_ms(600_000);
    world.0.kill();
    world.0.advance_ms(0);
    world.0.update();
    assert_eq!(codes(&world), [""; 0], "the host was down");
    fail_attempt(&mut world);
    assert_eq!(codes(&world), ["statuses_waiting"]);
}

#[test]
fn status_that_breaks_connections_is_reported() {
    let mut world = start_up();
    world.give(&uuid(1), "completed");
    for _ in 0..3 {
        stay_up(&mut world);
        if world.try_tag().is_some() {
            world.close(None);
        }
        world.reconnect();
    }
    stay_up(&mut world);
    assert_eq!(codes(&world), ["statuses_waiting"]);
    let text = &world.0.conditions()[0].text;
    assert!(text.contains("it answers them late"), "{text}");
    world.0.advance_ms(3_600_000);
    world.0.update();
    assert_eq!(world.stored_statuses(), 0);
    assert!(!codes(&world).contains(&"statuses_waiting"), "given up");
}

#[test]
fn what_stays_so_is_reported_once() {
    let mut world = start();
    world.give(&uuid(1), "completed");
    for _ in 0..4 {
        fail_attempt(&mut world);
    }
    assert_eq!(codes(&world).len(), 2);
    world.0.fail_every(CallKind::Conditions);
    for _ in 0..5 {
        fail_attempt(&mut world);
        world.0.update();
    }
    assert_eq!(refused_reports(&mut world), 0);
    world.0.reload();
    assert_eq!(refused_reports(&mut world), 1, "by a new instance");
}

#[test]
fn condition_has_no_query_of_a_url() {
    let section = json!({ "uri": format!("{URI}?token=secret") });
    let settings =
        json!({ "name": "horde_facilitator", "config": { "horde_facilitator": section } });
    let mut world = World(Harness::start_with_keys(settings, vec![key()]).unwrap());
    for _ in 0..2 {
        world.0.advance_ms(PAUSE_MS);
        let closed = WsEventKind::Closed {
            code: None,
            reason: format!("the peer points to {URI}?token=secret\0"),
            class: WsCloseClass::Handshake,
            unsent: 0,
        };
        let tag = world.tag();
        world.0.try_ws(&tag, closed).unwrap();
    }
    assert_eq!(codes(&world), ["facilitator_unreachable"]);
    let shown = format!("{:?}", world.0.conditions());
    assert!(shown.contains("the peer points to"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}
