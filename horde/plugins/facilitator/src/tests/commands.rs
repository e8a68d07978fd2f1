//! The command and the route.

use serde_json::{Value, json};

use super::support::*;

fn report(world: &mut World) -> Value {
    let reply = world
        .0
        .request("GET", "/horde/facilitator", &[], "")
        .unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn command_cuts_a_pause_short() {
    let mut world = start_up();
    world.close(Some(3001));
    world.0.ws_opened();
    let ticket = world.0.command("connect_facilitator", &json!({})).unwrap();
    assert_eq!(world.0.ws_opened().len(), 1);
    let progress = world.0.progress();
    assert_eq!(progress, [(ticket, format!("connecting to {URI}"))]);
    let error = world.0.command("connect_facilitator", &json!({}));
    assert!(error.unwrap_err().to_string().contains("another call"));
    assert_eq!(world.0.finished(ticket), None);
    world.come_up();
    let (code, value) = world.0.finished(ticket).unwrap();
    assert_eq!((code, &value["state"]), (0, &json!("up")));
    let again = world.0.command("connect_facilitator", &json!({})).unwrap();
    assert_eq!(world.0.finished(again).unwrap().0, 0);
    // The pause that was cut short has left no second attempt behind.
    world.0.ws_opened();
    world.0.advance_ms(600_000);
    assert!(world.0.ws_opened().is_empty());
}

#[test]
fn command_ends_with_the_attempt() {
    let mut world = start();
    let ticket = world.0.command("connect_facilitator", &json!({})).unwrap();
    // Also if the instance is made again meanwhile.
    world.0.restart();
    world.0.advance_ms(0);
    let tag = world.tag();
    world.0.ws_accept(&tag);
    world.frame(&error_answer("auth.validator_not_found"));
    let (code, value) = world.0.finished(ticket).unwrap();
    assert_eq!((code, &value["state"]), (20, &json!("pausing")));
    let reason = value["last_error"].as_str().unwrap();
    assert!(reason.contains("auth.validator_not_found"), "{reason}");
    assert!(world.0.stored().is_empty());
}

#[test]
fn route_shows_state_queue_and_last_hour() {
    let mut world = start_up();
    for number in 1..=4 {
        world.frame(&request(&uuid(number)).to_string());
    }
    world.give(&uuid(1), "accepted");
    world.give(&uuid(2), "completed");
    world.give(&uuid(3), "failed");
    world.frame(SUCCESS);
    let shown = report(&mut world);
    assert_eq!(shown["state"], "up");
    assert_eq!(shown["uri"], URI);
    assert_eq!(shown["statuses_waiting"], 2);
    assert_eq!(shown["oldest_status_ms"], world.0.now_ms());
    assert_eq!(shown["since_ms"], world.0.now_ms());
    let expected = json!({
        "requested": 4, "without_status": 1, "accepted": 1, "completed": 1, "rejected": 0, "failed": 1,
    });
    assert_eq!(shown["last_hour"], expected);
    world.0.update();
    assert_eq!(world.0.metric("connected", &[]), Some(1.0));
    assert_eq!(world.0.metric("statuses_waiting", &[]), Some(2.0));
    world.close(Some(1011));
    let shown = report(&mut world);
    assert_eq!(shown["state"], "pausing");
    assert!(shown["next_attempt_ms"].as_u64() > Some(world.0.now_ms()));
    assert!(shown["last_error"].as_str().unwrap().contains("1011"));
    world.0.advance_ms(3_600_001);
    assert_eq!(report(&mut world)["last_hour"]["requested"], 0);
}

#[test]
fn key_that_may_not_be_used_is_named() {
    use tig_plugin_api::testing::Harness;

    let section = json!({ "uri": URI, "key": "cold" });
    let settings =
        json!({ "name": "horde_facilitator", "config": { "horde_facilitator": section } });
    let started = Harness::<crate::Facilitator>::start_with_keys(settings, vec![key()]);
    let error = started.map(drop).unwrap_err();
    assert!(error.to_string().contains("`cold`"), "{error}");
}
