//! Links: attempts, refusals, holders, the route.

use serde_json::{Value, json};
use tig_plugin_api::WsCloseClass;
use tig_plugin_api::testing::Harness;

use super::manifests::INVALID;
use super::world::*;
use crate::Miners;

pub(super) fn down_reason(world: &mut World) -> String {
    let links = world.events("horde_miner_link");
    assert_eq!(links.len(), 1, "{links:?}");
    let reason = links[0]["state"]["down"]["reason"].as_str();
    reason.unwrap_or_else(|| panic!("{links:?}")).to_owned()
}

pub(super) fn want(world: &mut World, miners: &[usize]) {
    world.0.event("horde_links_wanted", links_wanted(miners));
}

#[test]
fn attempts_are_made_with_longer_and_longer_pauses() {
    let section = json!({ "allow_private": true, "first_attempts_max": 4 });
    let mut world = start_with(section);
    want(&mut world, &[1]);
    for pause_ms in [2_000, 4_000, 8_000] {
        let tag = world.tag(1);
        world.0.ws_end(&tag, WsCloseClass::Connect);
        world.0.advance_ms(pause_ms - 1);
        assert_eq!(world.try_tag(1), None, "{pause_ms}");
        world.0.advance_ms(1_001);
        assert!(world.try_tag(1).is_some(), "{pause_ms}");
    }
    assert!(world.0.emitted().is_empty());
    let tag = world.tag(1);
    world.0.ws_end(&tag, WsCloseClass::Connect);
    assert_eq!(
        down_reason(&mut world),
        "no connection to the miner: made by the test (4 attempts)"
    );
    world.0.advance_ms(3_600_000);
    assert_eq!(world.try_tag(1), None);
    want(&mut world, &[1]);
    assert!(
        world.try_tag(1).is_some(),
        "wanted again, it is tried again"
    );
}

#[test]
fn refused_address_is_given_up_within_seconds() {
    let mut world = start();
    want(&mut world, &[1]);
    let tag = world.tag(1);
    world.0.ws_end(&tag, WsCloseClass::Connect);
    world.0.advance_ms(3_001);
    let tag = world.tag(1);
    world.0.ws_end(&tag, WsCloseClass::Connect);
    assert!(down_reason(&mut world).contains("(2 attempts)"));
}

#[test]
fn every_end_has_its_words() {
    for (class, expected) in [
        (
            WsCloseClass::Handshake,
            "the miner's port serves something else than a miner",
        ),
        (WsCloseClass::Tls, "no TLS connection to the miner"),
        (
            WsCloseClass::Timeout,
            "the miner did not complete the handshake in time",
        ),
        (
            WsCloseClass::Protocol,
            "the miner has broken the websocket protocol",
        ),
        (
            WsCloseClass::Silent,
            "the miner has been silent for too long",
        ),
    ] {
        let mut world = start();
        want(&mut world, &[1]);
        while let Some(tag) = world.try_tag(1) {
            world.0.ws_end(&tag, class);
            world.0.advance_ms(9_000);
        }
        let reason = down_reason(&mut world);
        assert!(reason.starts_with(expected), "{reason}");
    }
}

#[test]
fn connection_that_says_nothing_is_given_up() {
    let mut world = start();
    want(&mut world, &[1]);
    world.accept(1);
    world.0.advance_ms(34_999);
    assert!(world.0.emitted().is_empty());
    world.0.advance_ms(1);
    assert_eq!(
        down_reason(&mut world),
        "the miner has not shown its manifest within 35 s"
    );
    assert_eq!(world.0.ws_closed().len(), 1);
}

#[test]
fn refusal_is_final() {
    for (details, expected) in [
        (
            "Unknown validator: 5x",
            "the miner refuses this validator: Unknown validator: 5x",
        ),
        (
            "Validator 5x not authenticated due to: msg too old",
            "the miner refuses this validator: Validator 5x not authenticated due to: msg too old (the clocks of the two \
             machines differ by more than 10 s)",
        ),
    ] {
        let mut world = start();
        want(&mut world, &[1]);
        let tag = world.tag(1);
        world.0.ws_accept(&tag);
        let error = json!({ "message_type": "GenericError", "details": details });
        world.frame(1, &error.to_string());
        assert_eq!(down_reason(&mut world), expected);
        world.0.ws_end(&tag, WsCloseClass::Local);
        world.0.advance_ms(100_000);
        assert_eq!(world.try_tag(1), None);
    }
}

#[test]
fn unauthorized_error_is_a_refusal() {
    let mut world = start();
    want(&mut world, &[1]);
    world.accept(1);
    world.frame(
        1,
        r#"{"message_type":"UnauthorizedError","code":"VALIDATOR_INACTIVE"}"#,
    );
    assert_eq!(
        down_reason(&mut world),
        "the miner refuses this validator: VALIDATOR_INACTIVE "
    );
}

#[test]
fn miner_that_drops_each_connection_is_given_pauses() {
    let mut world = start();
    world.link(&[1]);
    world.0.ws_opened();
    let mut opened = 0;
    for _ in 0..100 {
        let Some(tag) = world.try_tag(1) else {
            world.0.advance_ms(100);
            continue;
        };
        opened += 1;
        world.0.ws_accept(&tag);
        world.0.ws_frame(&tag, &manifest());
        world.0.ws_end(&tag, WsCloseClass::Peer);
    }
    assert!(opened < 5, "{opened} connections within 10 s");
}

#[test]
fn stable_connection_makes_up_for_failures() {
    let mut world = start();
    world.link(&[1]);
    for _ in 0..10 {
        world.0.advance_ms(10_000);
        world.reconnect(1);
    }
    assert!(world.0.emitted().is_empty());
}

#[test]
fn link_is_kept_while_somebody_wants_it() {
    let mut world = start();
    world.link(&[1, 2]);
    let other = json!({ "holder": "other", "miners": [address(1)] });
    world.0.event("horde_links_wanted", other);
    let links = world.events("horde_miner_link");
    assert!(
        links[0]["state"]["up"].is_object(),
        "it is there: {links:?}"
    );
    want(&mut world, &[]);
    let closed = world.0.ws_closed();
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].0, world.tag(2));
    // Frames of a connection that is being closed change nothing.
    world.frame(2, &manifest());
    world.frame(2, "not JSON");
    assert!(world.0.emitted().is_empty());
}

/// Otherwise each job of a user would be answered by an event for each link that is kept.
#[test]
fn only_unknown_links_are_announced() {
    let mut world = start();
    world.link(&[1, 2]);
    world.0.emitted();
    let mut wanted = links_wanted(&[1, 2, 3]);
    wanted["unknown"] = json!([miner(2), miner(3)]);
    world.0.event("horde_links_wanted", wanted);
    let links = world.events("horde_miner_link");
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(links[0]["hotkey"], json!(miner(2)));
    assert!(world.try_tag(3).is_some(), "it is opened");
}

#[test]
fn unwanted_link_is_let_go_when_its_jobs_are_over() {
    let mut world = running();
    want(&mut world, &[]);
    assert!(world.0.ws_closed().is_empty());
    world.say(1, "JobFinished", 1);
    assert_eq!(world.0.ws_closed().len(), 1);
}

#[test]
fn holder_that_asks_during_a_drop_is_answered_later() {
    let mut world = start();
    world.link(&[1]);
    world.drop_connection(1);
    want(&mut world, &[1]);
    assert!(world.0.emitted().is_empty());
    let tag = world.tag(1);
    world.0.ws_accept(&tag);
    world.0.ws_frame(&tag, &manifest());
    assert_eq!(world.events("horde_miner_link").len(), 1);
}

#[test]
fn other_manifest_counts_unless_jobs_are_under_way() {
    for (has_job, expected) in [(false, 9), (true, 2)] {
        let mut world = start();
        world.link(&[1]);
        if has_job {
            world.begin_at("running", &[(1, 1)]);
        }
        world.reconnect(1);
        world.frame(1, &manifest().replace("\"count\":2", "\"count\":9"));
        assert_eq!(
            world.events("horde_miner_link").len(),
            usize::from(!has_job)
        );
        want(&mut world, &[1]);
        let links = world.events("horde_miner_link");
        let count = &links[0]["state"]["up"]["manifest"][0]["count"];
        assert_eq!(*count, expected);
    }
}

/// The count of the link that was announced last.
pub(super) fn announced_count(world: &mut World) -> Option<Value> {
    let links = world.events("horde_miner_link");
    let link = links.last()?;
    Some(link["state"]["up"]["manifest"][0]["count"].clone())
}

#[test]
fn newer_manifest_counts_when_jobs_are_over() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("running", &[(1, 1), (2, 1)]);
    world.reconnect(1);
    world.frame(1, &manifest().replace("\"count\":2", "\"count\":9"));
    world.say(1, "JobFinished", 1);
    assert_eq!(announced_count(&mut world), None);
    world.say(1, "JobFinished", 2);
    assert_eq!(announced_count(&mut world), Some(json!(9)));
}

/// A miner shows its manifest once per authentication, and a user's jobs can keep a link for hours.
#[test]
fn old_manifest_is_asked_for_again() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin(&[(1, 1, CLASS, 240)]);
    world.0.advance_ms(600_000);
    want(&mut world, &[1, 2]);
    assert_eq!(announced_count(&mut world), Some(json!(2)));
    assert!(world.0.ws_closed().is_empty(), "it is new enough");
    world.0.advance_ms(1);
    let mut wanted = links_wanted(&[1, 2]);
    wanted["unknown"] = json!([miner(2)]);
    world.0.event("horde_links_wanted", wanted);
    let closed = world.0.ws_closed();
    assert_eq!(closed.len(), 1, "only that which is asked about");
    assert_eq!(announced_count(&mut world), None);
    world.accept(2);
    world.frame(2, &manifest().replace("\"count\":2", "\"count\":5"));
    assert_eq!(announced_count(&mut world), Some(json!(5)));
}

#[test]
fn old_link_with_jobs_is_not_replaced() {
    let mut world = start();
    world.link(&[1]);
    world.0.advance_ms(300_001);
    world.begin_at("running", &[(1, 1)]);
    want(&mut world, &[1]);
    assert_eq!(announced_count(&mut world), Some(json!(2)));
    assert!(world.0.ws_closed().is_empty());
}

/// A link can be hours old when it breaks; of the manifests of a miner, a batch takes the first.
#[test]
fn manifest_of_a_broken_connection_is_not_announced() {
    let mut world = start();
    world.link(&[1, 2]);
    world.begin(&[(1, 1, CLASS, 240)]);
    for number in [1, 2] {
        world.reconnect(number);
    }
    want(&mut world, &[2]);
    assert_eq!(announced_count(&mut world), None);
    world.frame(2, &manifest().replace("\"count\":2", "\"count\":5"));
    assert_eq!(announced_count(&mut world), Some(json!(5)));
    want(&mut world, &[1]);
    assert_eq!(announced_count(&mut world), Some(json!(2)), "it has a job");
}

#[test]
fn link_that_is_let_go_leaves_no_timer() {
    let mut world = start();
    want(&mut world, &[1]);
    assert_eq!(world.0.timers().len(), 1);
    want(&mut world, &[]);
    assert!(world.0.timers().is_empty());
}

/// Miner 1 is wanted at another address.
pub(super) fn move_miner(world: &mut World) {
    world.0.ws_opened();
    let moved = json!({
        "holder": "horde_batch",
        "miners": [{ "hotkey": miner(1), "host": "127.0.0.2", "port": 8001 }],
    });
    world.0.event("horde_links_wanted", moved);
}

/// The only connection that was opened since the miner has moved leads to its new address.
fn assert_opened_there(world: &mut World) {
    let opened = world.0.ws_opened();
    assert_eq!(opened.len(), 1);
    assert!(opened[0].url.starts_with("ws://127.0.0.2:8001/"));
}

#[test]
fn miner_that_has_moved_is_connected_to_there() {
    let mut world = start();
    world.link(&[1]);
    move_miner(&mut world);
    assert_eq!(world.0.ws_closed().len(), 1);
    assert_opened_there(&mut world);
}

/// The batch that asks does not wait in vain, and the next one has the new address.
#[test]
fn moved_miner_is_announced_and_followed_later() {
    let mut world = running();
    move_miner(&mut world);
    assert_eq!(announced_count(&mut world), Some(json!(2)));
    assert!(world.0.ws_closed().is_empty());
    world.say(1, "JobFinished", 1);
    assert_eq!(world.0.ws_closed().len(), 1);
    assert_opened_there(&mut world);
}

/// The last job of the old address ends with its connection, which is not to be opened again.
#[test]
fn moved_miner_is_connected_to_once_after_a_drop() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("accepted", &[(1, 1)]);
    world.say_all("ExecutorReady", &[(1, 1)]);
    world.say(1, "JobFinished", 1);
    move_miner(&mut world);
    world.drop_connection(1);
    assert_opened_there(&mut world);
    assert_eq!(world.0.ws_connections().len(), 1);
}

#[test]
fn moved_miner_that_left_its_old_address_is_followed() {
    let mut world = running();
    move_miner(&mut world);
    world.drop_connection(1);
    while let Some(tag) = world.try_tag(1) {
        world.0.ws_opened();
        world.0.ws_end(&tag, WsCloseClass::Connect);
        world.0.advance_ms(20_000);
    }
    assert_opened_there(&mut world);
}

#[test]
fn address_that_is_refused_says_why() {
    let key = vec![key()];
    let mut world = World(Harness::start_with_keys(settings(json!({})), key).unwrap());
    world.0.advance_ms(0);
    for (host, port, expected) in [
        (
            "127.0.0.1",
            8001,
            "the address is of a private network or of this machine",
        ),
        (
            "0.0.0.0",
            8001,
            "the unspecified address is not one to connect to",
        ),
        ("8.8.8.8", 0, "port 0 is not a port to connect to"),
    ] {
        let address = json!({ "hotkey": miner(1), "host": host, "port": port });
        let wanted = json!({ "holder": "h", "miners": [address] });
        world.0.event("horde_links_wanted", wanted);
        assert!(world.0.ws_opened().is_empty());
        let reason = down_reason(&mut world);
        assert!(reason.starts_with(expected), "{reason}");
    }
}

/// A trusted miner stands in the operator's own network, and only the config can name it.
#[test]
fn own_miner_may_be_in_a_private_network() {
    let key = vec![key()];
    let mut world = World(Harness::start_with_keys(settings(json!({})), key).unwrap());
    world.0.advance_ms(0);
    let address = json!({ "hotkey": "", "host": "10.0.0.9", "port": 8000 });
    let wanted = json!({ "holder": "h", "miners": [address] });
    world.0.event("horde_links_wanted", wanted);
    let opened = world.0.ws_opened();
    assert!(
        opened[0].url.starts_with("ws://10.0.0.9:8000/"),
        "{}",
        opened[0].url
    );
}

#[test]
fn key_that_may_not_be_used_is_named() {
    let error = Harness::<Miners>::try_start(settings(json!({ "key": "cold" })))
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains("`cold`"), "{error}");
}

#[test]
fn route_shows_why_an_open_link_is_not_up() {
    let mut world = start();
    world.link(&[1]);
    world.reconnect(1);
    world.frame(1, INVALID);
    let reply = world.0.request("GET", "/horde/miners", &[], "").unwrap();
    let report: Value = serde_json::from_slice(&reply.body).unwrap();
    let link = &report["links"][0];
    assert_eq!(link["state"], "open");
    let reason = link["reason"].as_str().unwrap();
    assert!(reason.starts_with("the miner's manifest is invalid"));
    world.drop_connection(1);
    let reply = world.0.request("GET", "/horde/miners", &[], "").unwrap();
    let report: Value = serde_json::from_slice(&reply.body).unwrap();
    let link = &report["links"][0];
    assert_eq!(
        (&link["state"], &link["reason"]),
        (&json!("pausing"), &link["last_failure"])
    );
}

#[test]
fn route_shows_links_and_jobs_without_secrets() {
    let mut world = start();
    world.link(&[1]);
    want(&mut world, &[1, 2]);
    world.begin(&plans(&[(1, 1), (2, 1)]));
    world.write();
    world.say(1, "AcceptJob", 1);
    let reply = world.0.request("GET", "/horde/miners", &[], "").unwrap();
    let report: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(report["hotkey"], own_hotkey());
    assert_eq!(report["jobs"], 2);
    let links = report["links"].as_array().unwrap();
    assert_eq!(links[0]["state"], "up");
    assert_eq!(links[0]["jobs"], json!({ "accepted": 1, "reserving": 1 }));
    assert_eq!(links[1]["state"], "connecting");
    assert_eq!(report["groups"][0]["not_ready"], 2);
    world.0.update();
    assert_eq!(world.0.metric("links", &[("state", "up")]), Some(1.0));
    assert_eq!(world.0.metric("links", &[("state", "down")]), Some(0.0));
    assert_eq!(world.0.metric("jobs", &[]), Some(2.0));
}
