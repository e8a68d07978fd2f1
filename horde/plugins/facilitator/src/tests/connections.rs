//! Connecting, authenticating, staying, and coming back.

use horde_proto::facilitator::ToFacilitator;
use serde_json::json;
use tig_plugin_api::WsCloseClass;

use super::support::*;

#[test]
fn first_frame_authenticates() {
    let mut world = start();
    let open = world.0.ws_connections()[0].clone();
    assert_eq!(open.url, URI);
    let names: Vec<_> = open.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-Validator-Runner-Version", "X-Validator-Version"]);
    let tag = world.tag();
    world.0.ws_accept(&tag);
    let sent = world.sent();
    let [ToFacilitator::Authentication(request)] = &sent[..] else {
        panic!("{sent:?}")
    };
    request.verify().unwrap();
    // The signature is valid for ever: it is neither logged nor stored nor shown.
    let signature = request.signature.as_str();
    world.frame(&error_answer("auth.signature_invalid"));
    let reply = world
        .0
        .request("GET", "/horde/facilitator", &[], "")
        .unwrap();
    let logs = world.0.logs();
    assert!(!logs.is_empty());
    assert!(!format!("{logs:?}").contains(signature));
    assert!(!format!("{:?}", world.0.stored()).contains(signature));
    assert!(!String::from_utf8_lossy(&reply.body).contains(signature));
}

#[test]
fn heartbeat_comes_each_minute_while_up() {
    let mut world = start_up();
    world.0.advance_ms(59_999);
    assert!(world.sent().is_empty());
    world.0.advance_ms(1);
    assert!(matches!(world.sent()[..], [ToFacilitator::Heartbeat(_)]));
    world.0.advance_ms(120_000);
    assert_eq!(world.sent().len(), 2);
    world.close(None);
    world.reconnect();
    world.0.advance_ms(60_000);
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn refusal_pauses_for_long() {
    for kind in [
        "auth.signature_invalid",
        "auth.validator_not_found",
        "auth.not_authenticated",
    ] {
        let mut world = start();
        let tag = world.tag();
        world.0.ws_accept(&tag);
        world.frame(&error_answer(kind));
        assert_eq!(world.0.ws_closed().len(), 1);
        // The facilitator closes it, too; that is not another loss.
        world.0.ws_end(&tag, WsCloseClass::Peer);
        world.0.ws_opened();
        world.0.advance_ms(14_999);
        assert!(world.0.ws_opened().is_empty(), "{kind}");
        world.0.advance_ms(15_001);
        assert_eq!(world.0.ws_opened().len(), 1, "{kind}");
        let logs = world.0.logs();
        let is_logged = |(level, text): &(String, String)| level == "error" && text.contains(kind);
        assert!(logs.iter().any(is_logged), "{logs:?}");
    }
}

#[test]
fn authentication_without_answer_is_tried_again() {
    let mut world = start();
    let tag = world.tag();
    world.0.ws_accept(&tag);
    world.0.advance_ms(9_999);
    assert_eq!(world.state(), "authenticating");
    world.0.advance_ms(1);
    assert_eq!(world.state(), "pausing");
    assert_eq!(world.0.ws_closed().len(), 1);
    world.reconnect();
    assert_eq!(world.state(), "up");
}

#[test]
fn second_authentication_counts_as_one() {
    let mut world = start();
    let tag = world.tag();
    world.0.ws_accept(&tag);
    world.frame(&error_answer("auth.already_authenticated"));
    assert_eq!(world.state(), "up");
}

/// A facilitator that accepts and closes at once, or refuses: the reference tried six times in 0.1 s (weakness 21).
#[test]
fn connections_do_not_run_hot() {
    for code in [None, Some(1000), Some(1011), Some(3000), Some(3001)] {
        let mut world = start();
        for _ in 0..600 {
            if world.try_tag().is_some() {
                world.come_up();
                world.close(code);
            }
            world.0.advance_ms(1_000);
        }
        let attempts = world.0.ws_opened().len();
        // In ten minutes.
        let (min, max) = match code {
            Some(3000 | 3001) => (3, 8),
            _ => (60, 130),
        };
        assert!((min..=max).contains(&attempts), "{code:?}: {attempts}");
    }
}

#[test]
fn connection_lost_at_any_step_comes_back() {
    for steps in 0..4 {
        let mut world = start();
        let tag = world.tag();
        if steps > 0 {
            world.0.ws_accept(&tag);
        }
        if steps > 1 {
            world.frame(SUCCESS);
        }
        if steps > 2 {
            world.frame(&request(&uuid(1)).to_string());
            world.give(&uuid(1), "accepted");
        }
        world.sent();
        world.close(None);
        world.reconnect();
        let expected = usize::from(steps > 2);
        assert_eq!(world.status_names().len(), expected, "{steps}");
        assert_eq!(world.state(), "up");
    }
}

#[test]
fn silence_and_pings_are_left_to_the_host() {
    let mut world = start();
    let open = world.0.ws_connections()[0].clone();
    assert_eq!((open.ping_every_ms, open.silent_ms_max), (20_000, 60_000));
    world.come_up();
    let tag = world.tag();
    world.0.ws_end(&tag, WsCloseClass::Silent);
    assert_eq!(world.state(), "pausing");
    world.reconnect();
}

#[test]
fn reload_keeps_connection_and_statuses() {
    let mut world = start_up();
    world.frame(&request(&uuid(1)).to_string());
    world.give(&uuid(1), "accepted");
    world.sent();
    world.0.reload();
    world.0.ws_opened();
    world.0.advance_ms(0);
    assert!(world.0.ws_opened().is_empty());
    world.frame(SUCCESS);
    assert_eq!(world.stored_statuses(), 0);
    world.give(&uuid(1), "completed");
    assert_eq!(world.status_names(), [(uuid(1), "completed")]);
    world.0.advance_ms(9_000);
    world.frame(SUCCESS);
    world.0.advance_ms(51_000);
    assert!(matches!(world.sent()[..], [ToFacilitator::Heartbeat(_)]));
    // A pause is not cut short.
    world.close(Some(3001));
    world.0.reload();
    world.0.ws_opened();
    world.0.advance_ms(14_999);
    assert!(world.0.ws_opened().is_empty());
    world.0.advance_ms(15_001);
    assert_eq!(world.0.ws_opened().len(), 1);
}

#[test]
fn reload_with_other_options_connects_again() {
    let mut world = start_up();
    world.frame(&request(&uuid(1)).to_string());
    world.give(&uuid(1), "accepted");
    world.sent();
    let (before, mut run) = (world.tag(), json!(world.0.extension().run));
    world.0.ws_opened();
    run["opened_with"] = json!("other");
    world.0.succeed_to(1, &run).unwrap();
    let closed = world.0.ws_closed();
    assert_eq!((&closed[0].0, closed[0].1.code), (&before, 1000));
    assert_eq!(world.0.ws_opened().len(), 1, "at once");
    assert_eq!(world.state(), "connecting");
    // The end of the one before is not another loss.
    world.0.ws_end(&before, WsCloseClass::Local);
    world.come_up();
    assert_eq!(world.status_names(), [(uuid(1), "accepted")]);
    world.0.reload();
    assert_eq!(world.state(), "up");
}

/// An earlier version did not hand over what it had connected with.
#[test]
fn connection_of_an_earlier_version_is_kept() {
    let mut world = start_up();
    let mut run = json!(world.0.extension().run);
    world.0.ws_opened();
    run.as_object_mut().unwrap().remove("opened_with");
    world.0.succeed_to(1, &run).unwrap();
    assert!(world.0.ws_closed().is_empty() && world.0.ws_opened().is_empty());
    assert_eq!(world.state(), "up");
}

/// The facilitator before has refused this validator; the pause is not one of the new one.
#[test]
fn reload_with_other_options_ends_a_pause() {
    let mut world = start_up();
    world.close(Some(3001));
    let mut run = json!(world.0.extension().run);
    run["opened_with"] = json!("other");
    world.0.ws_opened();
    world.0.succeed_to(1, &run).unwrap();
    assert_eq!(world.0.ws_opened().len(), 1);
    world.come_up();
    assert_eq!(world.0.extension().run.connection.last_error, None);
}

#[test]
fn long_absence_of_the_facilitator_is_one_line() {
    let mut world = start();
    for _ in 0..50 {
        if let Some(tag) = world.try_tag() {
            world.0.ws_end(&tag, WsCloseClass::Connect);
        }
        world.0.advance_ms(PAUSE_MS);
    }
    let logs = world.0.logs();
    assert_eq!(logs.iter().filter(|(level, _)| level == "warn").count(), 1);
    // Another loss is another line, though for the same reason.
    for _ in 0..2 {
        world.come_up();
        world.close(None);
        world.0.advance_ms(PAUSE_MS);
    }
    let logs = world.0.logs();
    assert_eq!(logs.iter().filter(|(level, _)| level == "warn").count(), 2);
}
