//! Manifests of connections that were opened again: missing, invalid, newer.

use horde_events::Outcome;
use serde_json::json;
use tig_plugin_api::WsCloseClass;

use super::links::{announced_count, down_reason, want};
use super::world::*;

pub(super) const INVALID: &str = r#"{"message_type":"V0ExecutorManifestRequest"}"#;
const FAULT: &str = "the miner's manifest is invalid: ";
const SILENCE: &str = "the miner has not shown its manifest within 35 s";

/// The link is announced as down for want of a manifest.
pub(super) fn assert_silence(world: &mut World) {
    let reason = down_reason(world);
    assert!(reason.starts_with(SILENCE), "{reason}");
}

/// Somebody asks about a link without a connection, until the time for its manifest is over.
fn miss_manifest(world: &mut World) {
    world.drop_connection(1);
    want(world, &[1]);
    world.0.advance_ms(35_000);
    assert_silence(world);
}

/// A link whose miner has shown its manifest, that was opened again, and that somebody asks about.
fn reopen_and_want(world: &mut World) {
    world.link(&[1]);
    world.reconnect(1);
    want(world, &[1]);
}

/// The second holder gives the miner its whole time; the first one has a bound of its own.
#[test]
fn latest_question_sets_the_time_of_a_manifest() {
    let mut world = start();
    reopen_and_want(&mut world);
    world.0.advance_ms(34_000);
    want(&mut world, &[1]);
    world.0.advance_ms(34_999);
    assert!(world.0.emitted().is_empty());
    world.0.advance_ms(1);
    let reason = down_reason(&mut world);
    assert!(reason.starts_with(SILENCE), "{reason}");
    world.begin(&plans(&[(1, 1)]));
    assert_eq!(world.outcome(), Outcome::Unreachable { reason });
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
        let mut world = running();
        world.drop_connection(1);
        if is_asked_before {
            want(&mut world, &[1]);
        }
        world.accept(1);
        world.frame(1, INVALID);
        let reason = down_reason(&mut world);
        assert!(reason.starts_with(FAULT), "{reason}");
        want(&mut world, &[1]);
        assert_eq!(down_reason(&mut world), reason);
        world.frame(1, INVALID);
        world.0.advance_ms(36_000);
        assert!(world.0.emitted().is_empty());
        assert!(world.0.ws_closed().is_empty());
        world.say(1, "JobFinished", 1);
        assert!(matches!(world.outcome(), Outcome::Finished { .. }));
        assert!(world.0.ws_closed().is_empty(), "a receipt can follow");
        want(&mut world, &[1]);
        assert_eq!(world.0.ws_closed().len(), 1, "it is asked once more");
        world.accept(1);
        world.frame(1, &manifest());
        assert_eq!(announced_count(&mut world), Some(json!(2)));
    }
}

/// Between the manifests and the jobs of a batch, a miner can come back with an invalid manifest.
#[test]
fn invalid_manifest_before_the_jobs_ends_them() {
    let mut world = start();
    world.link(&[1]);
    world.reconnect(1);
    world.frame(1, INVALID);
    world.0.emitted();
    world.begin(&plans(&[(1, 1)]));
    let Outcome::Unreachable { reason } = world.outcome() else {
        panic!("its executors are not known");
    };
    assert!(reason.starts_with(FAULT), "{reason}");
}

#[test]
fn invalid_manifest_gets_no_job_beside_another() {
    let mut world = running();
    world.reconnect(1);
    world.frame(1, INVALID);
    world.0.emitted();
    world.begin(&plans(&[(2, 1)]));
    assert!(matches!(world.outcome(), Outcome::Unreachable { .. }));
    world.say(1, "JobFinished", 1);
    assert!(matches!(world.outcome(), Outcome::Finished { .. }));
}

/// Earlier versions announced it only to those that waited.
#[test]
fn silent_fault_of_before_a_reload_is_announced() {
    let mut world = running();
    world.reconnect(1);
    world.frame(1, INVALID);
    let mut state = serde_json::to_value(&world.0.extension().state).unwrap();
    let link = &mut state["links"]["links"][miner(1)];
    link.as_object_mut().unwrap().remove("is_announced_down");
    link["manifest_fault"] = json!(FAULT);
    world.0.succeed_to(1, &state).unwrap();
    world.0.emitted();
    world.say(1, "JobFinished", 1);
    let down = world.0.emitted();
    let is_announced = down
        .iter()
        .any(|event| format!("{event:?}").contains(FAULT));
    assert!(is_announced, "{down:?}");
}

#[test]
fn valid_manifest_makes_up_for_an_invalid_one() {
    let mut world = running();
    world.reconnect(1);
    world.frame(1, INVALID);
    world.frame(1, &manifest());
    assert_eq!(announced_count(&mut world), Some(json!(2)));
    world.say(1, "JobFinished", 1);
    assert!(world.0.ws_closed().is_empty());
}

#[test]
fn fault_of_a_lost_connection_is_forgotten() {
    let mut world = running();
    world.reconnect(1);
    world.frame(1, INVALID);
    world.0.advance_ms(10_000);
    world.reconnect(1);
    world.0.emitted();
    want(&mut world, &[1]);
    assert_eq!(announced_count(&mut world), Some(json!(2)));
}

/// The connection that comes about late has its own time.
#[test]
fn silence_before_a_connection_is_forgotten() {
    for has_job in [false, true] {
        let mut world = start();
        world.link(&[1]);
        if has_job {
            world.begin_at("running", &[(1, 1)]);
        }
        miss_manifest(&mut world);
        world.accept(1);
        want(&mut world, &[1]);
        if has_job {
            assert_eq!(announced_count(&mut world), Some(json!(2)));
            world.begin(&plans(&[(2, 1)]));
            assert!(world.over().is_empty(), "it can get a job");
        } else {
            world.0.advance_ms(34_999);
            assert!(world.0.emitted().is_empty());
        }
    }
}

#[test]
fn invalid_manifest_after_silence_is_announced() {
    let mut world = start();
    reopen_and_want(&mut world);
    world.0.advance_ms(35_000);
    assert_silence(&mut world);
    world.0.reload();
    world.frame(1, INVALID);
    let reason = down_reason(&mut world);
    assert!(reason.starts_with(FAULT), "{reason}");
    world.frame(1, INVALID);
    assert!(world.0.emitted().is_empty(), "the first one counts");
}

/// A batch that was given the fault or the silence takes the manifest that comes in its time all the same.
#[test]
fn miner_that_recovers_is_announced() {
    for is_silent in [false, true] {
        let mut world = running();
        if is_silent {
            world.drop_connection(1);
            want(&mut world, &[1]);
            world.0.advance_ms(35_000);
            world.accept(1);
        } else {
            world.reconnect(1);
            world.frame(1, INVALID);
            world.0.advance_ms(10_000);
            world.reconnect(1);
        }
        down_reason(&mut world);
        world.frame(1, &manifest());
        assert_eq!(announced_count(&mut world), Some(json!(2)));
        world.0.advance_ms(10_000);
        world.reconnect(1);
        world.frame(1, &manifest());
        assert!(world.0.emitted().is_empty(), "it is known to be up");
    }
}

/// Earlier versions left the time of the link's creation.
#[test]
fn overdue_wait_begins_anew_at_a_reload() {
    let mut world = start();
    reopen_and_want(&mut world);
    let mut state = serde_json::to_value(&world.0.extension().state).unwrap();
    state["links"]["links"][miner(1)]["manifest_by_ms"] = json!(1);
    world.0.advance_ms(34_999);
    world.0.succeed_to(1, &state).unwrap();
    world.0.advance_ms(34_999);
    assert!(world.0.emitted().is_empty());
    world.0.advance_ms(1);
    assert_silence(&mut world);
}

/// A holder that asks must not cost a miner the job of another one.
#[test]
fn missing_manifest_ends_no_job() {
    let mut world = running();
    miss_manifest(&mut world);
    world.accept(1);
    world.say(1, "JobFinished", 1);
    assert!(matches!(world.outcome(), Outcome::Finished { .. }));
}

/// The link of a miner that is asked for its manifest again.
fn replaced() -> World {
    let mut world = start();
    world.link(&[1]);
    world.0.advance_ms(600_001);
    want(&mut world, &[1]);
    assert_eq!(world.0.ws_closed().len(), 1);
    world
}

/// A user's job goes to a miner that was up, and must not make its old manifest count for a batch.
#[test]
fn replaced_manifest_counts_no_more() {
    let mut world = replaced();
    world.accept(1);
    world.begin(&plans(&[(1, 1)]));
    want(&mut world, &[1]);
    assert_eq!(announced_count(&mut world), None);
    world.frame(1, &manifest().replace("\"count\":2", "\"count\":9"));
    assert_eq!(announced_count(&mut world), Some(json!(9)));
}

#[test]
fn replaced_link_has_the_attempts_of_a_new_one() {
    let mut world = replaced();
    for pause_ms in [3_000, 0] {
        let tag = world.tag(1);
        world.0.ws_end(&tag, WsCloseClass::Connect);
        world.0.advance_ms(pause_ms);
    }
    assert!(down_reason(&mut world).contains("(2 attempts)"));
}

#[test]
fn silence_of_a_replaced_link_ends_no_job() {
    let mut world = replaced();
    world.accept(1);
    world.begin_at("running", &[(1, 1)]);
    world.0.advance_ms(35_000);
    assert_silence(&mut world);
    world.say(1, "JobFinished", 1);
    assert!(matches!(world.outcome(), Outcome::Finished { .. }));
}

#[test]
fn silent_link_with_a_job_is_announced_in_the_end() {
    let mut world = running();
    world.drop_connection(1);
    want(&mut world, &[1]);
    world.accept(1);
    world.0.advance_ms(34_999);
    assert!(world.0.emitted().is_empty());
    world.0.advance_ms(1);
    assert_eq!(announced_count(&mut world), Some(json!(2)));
}

/// Nobody has asked, so nothing is given up; the next connection shows what counts.
#[test]
fn newer_manifest_of_a_lost_connection_is_dropped() {
    let mut world = running();
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
    world.begin_at("running", &[(2, 1)]);
    world.say(1, "JobFinished", 2);
    assert_eq!(announced_count(&mut world), None, "it stays dropped");
}

/// Otherwise a batch would wait for the miner until its time is up. The connection of one that can be owed a receipt stays.
#[test]
fn invalid_manifest_is_announced_at_once() {
    for is_first in [false, true] {
        let mut world = start();
        if is_first {
            want(&mut world, &[1]);
            world.accept(1);
        } else {
            reopen_and_want(&mut world);
        }
        world.frame(1, INVALID);
        let reason = down_reason(&mut world);
        assert!(reason.starts_with(FAULT), "{reason}");
        assert_eq!(world.0.ws_closed().is_empty(), !is_first);
    }
}
