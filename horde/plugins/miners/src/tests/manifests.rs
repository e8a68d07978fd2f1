//! Manifests of connections that were opened again: missing, invalid, newer.

use horde_events::Outcome;
use serde_json::json;

use super::links::{announced_count, down_reason, want};
use super::world::*;

const INVALID: &str = r#"{"message_type":"V0ExecutorManifestRequest"}"#;

/// A link whose miner has shown its manifest, that was opened again, and that somebody asks about.
fn reopen_and_want(world: &mut World) {
    world.link(&[1]);
    world.reconnect(1);
    want(world, &[1]);
}

/// The batch that asks waits no longer than for a miner that it sees first.
#[test]
fn reopened_link_without_manifest_is_given_up() {
    let mut world = start();
    reopen_and_want(&mut world);
    world.0.advance_ms(20_000);
    want(&mut world, &[1]);
    world.0.advance_ms(14_999);
    assert!(world.0.emitted().is_empty());
    world.0.advance_ms(1);
    let reason = down_reason(&mut world);
    let expected = "the miner has not shown its manifest within 35 s";
    assert!(reason.starts_with(expected), "{reason}");
    assert_eq!(world.0.ws_closed().len(), 1);
}

#[test]
fn manifest_in_time_ends_the_wait() {
    let mut world = start();
    reopen_and_want(&mut world);
    world.frame(1, &manifest());
    assert_eq!(announced_count(&mut world), Some(json!(2)));
    world.0.advance_ms(300_000);
    assert!(world.0.emitted().is_empty());
    world.reconnect(1);
    want(&mut world, &[1]);
    world.0.advance_ms(34_999);
    assert!(world.0.emitted().is_empty(), "each wait has its own time");
}

/// Its job goes on, and nobody gets an executor of a manifest that the miner no longer shows.
#[test]
fn invalid_manifest_during_a_job_is_remembered() {
    for is_asked_before in [false, true] {
        let mut world = start();
        world.link(&[1]);
        world.begin_at("running", &[(1, 1)]);
        world.drop_connection(1);
        if is_asked_before {
            want(&mut world, &[1]);
        }
        let tag = world.tag(1);
        world.0.ws_accept(&tag);
        world.frame(1, INVALID);
        if !is_asked_before {
            assert!(world.0.emitted().is_empty());
            want(&mut world, &[1]);
        }
        let reason = down_reason(&mut world);
        let expected = "the miner's manifest is invalid: ";
        assert!(reason.starts_with(expected), "{reason}");
        world.frame(1, INVALID);
        world.0.advance_ms(36_000);
        assert!(world.0.emitted().is_empty());
        assert!(world.0.ws_closed().is_empty());
        world.say(1, "JobFinished", 1);
        assert!(matches!(world.outcome(), Outcome::Finished { .. }));
        assert_eq!(world.0.ws_closed().len(), 1, "no job needs it any more");
    }
}

#[test]
fn valid_manifest_makes_up_for_an_invalid_one() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("running", &[(1, 1)]);
    world.reconnect(1);
    world.frame(1, INVALID);
    world.frame(1, &manifest());
    assert_eq!(announced_count(&mut world), Some(json!(2)));
    world.say(1, "JobFinished", 1);
    assert!(world.0.ws_closed().is_empty());
}

#[test]
fn fault_of_a_lost_connection_is_forgotten() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("running", &[(1, 1)]);
    world.reconnect(1);
    world.frame(1, INVALID);
    world.0.advance_ms(10_000);
    world.reconnect(1);
    want(&mut world, &[1]);
    assert_eq!(announced_count(&mut world), Some(json!(2)));
}

/// A holder that asks must not cost a miner the job of another one.
#[test]
fn missing_manifest_ends_no_job() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("running", &[(1, 1)]);
    world.drop_connection(1);
    want(&mut world, &[1]);
    world.0.advance_ms(35_000);
    let reason = down_reason(&mut world);
    let expected = "the miner has not shown its manifest within 35 s";
    assert!(reason.starts_with(expected), "{reason}");
    let tag = world.tag(1);
    world.0.ws_accept(&tag);
    world.say(1, "JobFinished", 1);
    assert!(matches!(world.outcome(), Outcome::Finished { .. }));
}

#[test]
fn silent_link_with_a_job_is_announced_in_the_end() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("running", &[(1, 1)]);
    world.drop_connection(1);
    want(&mut world, &[1]);
    let tag = world.tag(1);
    world.0.ws_accept(&tag);
    world.0.advance_ms(34_999);
    assert!(world.0.emitted().is_empty());
    world.0.advance_ms(1);
    assert_eq!(announced_count(&mut world), Some(json!(2)));
}

/// Nobody has asked, so nothing is given up; the next connection shows what counts.
#[test]
fn newer_manifest_of_a_lost_connection_is_dropped() {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("running", &[(1, 1)]);
    world.reconnect(1);
    world.frame(1, &manifest().replace("\"count\":2", "\"count\":9"));
    world.0.advance_ms(10_000);
    world.reconnect(1);
    world.say(1, "JobFinished", 1);
    assert!(world.0.ws_closed().is_empty());
    world.0.emitted();
    world.0.advance_ms(40_000);
    assert!(world.0.emitted().is_empty());
    world.frame(1, &manifest().replace("\"count\":2", "\"count\":5"));
    assert_eq!(announced_count(&mut world), Some(json!(5)));
}

/// Otherwise a batch would wait for the miner until its time is up.
#[test]
fn invalid_manifest_ends_a_reopened_link() {
    for has_job in [false, true] {
        let mut world = start();
        world.link(&[1]);
        if has_job {
            world.begin_at("running", &[(1, 1)]);
        }
        world.reconnect(1);
        want(&mut world, &[1]);
        world.0.emitted();
        world.frame(1, INVALID);
        let links = world.events("horde_miner_link");
        assert_eq!(links.is_empty(), has_job, "{links:?}");
        assert_eq!(world.0.ws_closed().is_empty(), has_job);
    }
}
