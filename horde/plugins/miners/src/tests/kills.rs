//! Kills, restarts and reloads at each step: one outcome for every job, and nothing lost by a reload.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use horde_events::Outcome;
use serde_json::{Value, json};
use tig_plugin_api::WsEventKind;
use tig_plugin_api::testing::{Harness, TestKey};

use super::world::*;

const JOBS: [(usize, usize); 4] = [(1, 1), (2, 1), (3, 2), (4, 2)];
const STEPS: [&str; 4] = ["reserved", "accepted", "ready", "running"];

/// Starts the host again and lets what follows from the start happen.
fn kill(world: &mut World) {
    world.0.kill();
    world.0.advance_ms(0);
}

#[test]
fn kill_at_each_step_interrupts_every_job_once() {
    for step in STEPS {
        let mut world = start();
        world.link(&[1, 2]);
        world.begin_at(step, &JOBS);
        // One has its outcome before the kill.
        world.say(2, "ExecutorFailed", 4);
        let mut outcomes: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
        for _ in 0..2 {
            for over in world.over() {
                assert_eq!(over.group, GROUP, "{step}");
                outcomes.entry(over.uuid).or_default().push(over.outcome);
            }
            kill(&mut world);
        }
        let expected = [
            (uuid(1), vec![Outcome::Interrupted]),
            (uuid(2), vec![Outcome::Interrupted]),
            (uuid(3), vec![Outcome::Interrupted]),
            (uuid(4), vec![Outcome::ExecutorFailed]),
        ];
        assert_eq!(outcomes, BTreeMap::from(expected), "{step}");
        assert_eq!(world.0.unfinished(), 0, "{step}");
    }
}

#[test]
fn kill_before_the_start_was_handled_loses_no_outcome() {
    let mut world = running();
    world.0.kill();
    assert_eq!(world.0.unfinished(), 1, "a drain waits for it");
    kill(&mut world);
    assert!(
        world.over().is_empty(),
        "it could have been the start that failed"
    );
    world.0.advance_ms(100);
    assert_eq!(world.outcome(), Outcome::Interrupted);
}

#[test]
fn group_whose_frames_a_kill_has_lost_is_interrupted() {
    let mut world = start();
    world.link(&[1]);
    let jobs = plans(&[(1, 1)]);
    world.0.event("horde_jobs_made", jobs_made(&jobs));
    kill(&mut world);
    world.0.event("horde_group_wanted", group_wanted(&jobs));
    assert_eq!(world.outcome(), Outcome::Interrupted);
}

#[test]
fn many_interrupted_jobs_end_in_several_handlers() {
    let mut world = start();
    world.link(&[1]);
    let jobs: Vec<_> = (0..2_500).map(|number| (number, 1)).collect();
    world.begin(&plans(&jobs));
    kill(&mut world);
    assert_eq!(world.over().len(), 2_500);
    let groups = world.0.stored().into_iter();
    let groups: Vec<Value> = groups
        .filter(|(key, _)| key.starts_with("group/"))
        .map(|(_, group)| group["is_over"].clone())
        .collect();
    assert_eq!(groups, [json!(true)]);
}

/// The first of two handlers has ended its part when the second one fails.
#[test]
fn failure_between_those_handlers_loses_no_outcome() {
    let mut world = start();
    world.link(&[1]);
    let jobs: Vec<_> = (0..2_500).map(|number| (number, 1)).collect();
    world.begin(&plans(&jobs));
    world.0.kill();
    world.0.fail_call(4_500);
    world.0.try_advance_ms(0).unwrap_err();
    assert_eq!(world.over().len(), 2_000);
    kill(&mut world);
    world.0.advance_ms(START_PAUSE_MS_MAX);
    assert_eq!(world.over().len(), 500);
}

#[test]
fn links_that_are_wanted_are_opened_after_a_kill() {
    let mut world = start();
    world.link(&[1, 2]);
    kill(&mut world);
    assert_eq!(world.0.ws_connections().len(), 2);
    world.0.event("horde_links_wanted", links_wanted(&[]));
    kill(&mut world);
    assert!(world.0.ws_connections().is_empty());
}

/// Plays a batch, with a reload after the steps of this number, and returns what the host has seen.
fn play(reload_after: Option<usize>) -> (Vec<Value>, Vec<String>) {
    let mut world = start();
    let (mut events, mut frames) = (Vec::new(), Vec::new());
    for step in 0..12 {
        match step {
            0 => world.0.event("horde_links_wanted", links_wanted(&[1, 2])),
            1 => world.0.ws_accept(&world.tag(1)),
            2 => world.frame(1, &manifest()),
            3 => world.0.event("horde_jobs_made", jobs_made(&plans(&JOBS))),
            4 => world
                .0
                .event("horde_group_wanted", group_wanted(&plans(&JOBS))),
            5 => world.0.ws_accept(&world.tag(2)),
            6 => world.say_all("AcceptJob", &JOBS),
            7 => world.say_all("ExecutorReady", &JOBS[..3]),
            8 => world.say(2, "ExecutorReady", 4),
            9 => world.say_all("JobFinished", &JOBS[..2]),
            10 => world.drop_connection(2),
            _ => world.0.advance_ms(300_000),
        }
        world.0.advance_ms(7);
        frames.extend(world.write().into_iter().map(|sent| sent.text));
        events.extend(world.0.emitted().into_iter().map(|(_, event)| event));
        if reload_after == Some(step) {
            world.0.reload();
        }
    }
    (events, frames)
}

#[test]
fn reload_at_each_step_equals_going_on() {
    let (events, frames) = play(None);
    assert_eq!(
        frames.len(),
        2 + 4 + 4 + 4,
        "authentications, then three for each job"
    );
    for step in 0..12 {
        let (events_of_reload, frames_of_reload) = play(Some(step));
        assert_eq!(frames_of_reload, frames, "reload after step {step}");
        assert_eq!(events_of_reload, events, "reload after step {step}");
    }
}

/// A key that signs so many times.
fn weary_key(signatures: usize) -> TestKey {
    let good = key();
    let left = AtomicUsize::new(signatures);
    TestKey::new("hotkey", good.public_key, move |bytes| {
        match left.fetch_sub(1, Ordering::Relaxed) {
            0 => Vec::new(),
            _ => (good.sign)(bytes),
        }
    })
}

/// Fields that a handler has changed before the host refuses a signature are restored from the storage.
#[test]
fn refused_signature_restores_the_instance() {
    // Two authentications and a reservation; then the accepted receipt, or the second wave of reservations.
    for signatures in [3, 4] {
        let section = json!({ "allow_private": true });
        let keys = vec![weary_key(signatures)];
        let mut world = World(Harness::start_with_keys(settings(section), keys).unwrap());
        world.0.advance_ms(0);
        world.link(&[1, 2]);
        world.begin(&[(1, 1, CLASS, 240), (2, 2, FAST, 2)]);
        let tag = world.tag(1);
        let accepted = WsEventKind::Frame {
            text: message("AcceptJob", 1),
            at_us: 1_700_000_000_000_000,
        };
        let mut handled = world.0.try_ws(&tag, accepted);
        if signatures == 4 {
            handled.unwrap();
            handled = world.0.try_advance_ms(238_000);
        }
        let error = handled.unwrap_err().to_string();
        assert!(error.contains("signed with 0 bytes"), "{error}");
        assert_eq!(world.0.restores(), 1, "{signatures}");
        world.0.emitted();
        world.0.advance_ms(0);
        assert_eq!(world.over().len(), 2, "both are interrupted");
    }
}

#[test]
fn connections_of_a_failed_instance_are_closed() {
    let mut world = start();
    world.link(&[1]);
    let stray = world.tag(1);
    world.0.restart();
    world.0.advance_ms(0);
    assert_eq!(
        world.0.ws_connections().len(),
        2,
        "the wanted link is opened again"
    );
    world.0.ws_frame(&stray, &manifest());
    world.0.ws_frame(&stray, &manifest());
    let closed = world.0.ws_closed();
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].0, stray);
    world.0.ws_end(&stray, tig_plugin_api::WsCloseClass::Local);
    assert_eq!(world.0.ws_connections().len(), 1);
}
