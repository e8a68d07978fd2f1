//! Kills, rebuilds and reloads at random moments, with a small model of the facilitator.

use std::collections::{BTreeMap, BTreeSet};

use horde_proto::facilitator::ToFacilitator;
use proptest::prelude::*;
use tig_plugin_api::WsEventKind;

use super::support::*;

const JOBS: u64 = 4;

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// The facilitator takes a connection, or answers what was sent on it.
    Serve,
    /// It sends a job, perhaps once more.
    Request(u64),
    /// Whoever runs jobs gives the next status of one that it has, perhaps once more.
    Give(u64, bool),
    Close(Option<u16>),
    Wait,
    Kill,
    Restart,
    Reload,
}

fn turn() -> impl Strategy<Value = Turn> {
    let code = prop::sample::select(vec![None, Some(1011), Some(3001)]);
    prop_oneof![
        12 => Just(Turn::Serve),
        5 => (0..JOBS).prop_map(Turn::Request),
        5 => (0..JOBS, any::<bool>()).prop_map(|(job, again)| Turn::Give(job, again)),
        2 => code.prop_map(Turn::Close),
        3 => Just(Turn::Wait),
        1 => Just(Turn::Kill),
        1 => Just(Turn::Restart),
        1 => Just(Turn::Reload),
    ]
}

/// The facilitator, and whoever runs jobs.
#[derive(Default)]
struct Others {
    /// What the facilitator has read of each connection and not answered.
    unanswered: BTreeMap<String, Vec<ToFacilitator>>,
    requested: BTreeSet<u64>,
    /// Jobs that were given away, with the number of their statuses so far.
    running: BTreeMap<String, usize>,
    /// Statuses that the facilitator has, by job, in the order in which they came.
    known: BTreeMap<String, Vec<&'static str>>,
}

const COURSE: [&str; 2] = ["accepted", "completed"];

impl Others {
    fn play(&mut self, world: &mut World, turn: Turn) {
        match turn {
            Turn::Serve => self.serve(world),
            Turn::Request(job) if world.state() == "up" => {
                self.requested.insert(job);
                world.frame(&request(&uuid(job)).to_string());
            }
            Turn::Give(job, is_again) => self.give(world, &uuid(job), is_again),
            Turn::Close(code) if world.try_tag().is_some() => world.close(code),
            Turn::Request(_) | Turn::Close(_) => {}
            Turn::Wait => world.0.advance_ms(PAUSE_MS),
            Turn::Kill => {
                self.unanswered.clear();
                world.0.kill();
            }
            Turn::Restart => world.0.restart(),
            Turn::Reload => world.0.reload(),
        }
        world.0.advance_ms(0);
        for job in world.requested() {
            let before = self.running.insert(job, 0);
            assert_eq!(before, None, "a job was given away twice");
        }
        for frame in world.0.ws_sent() {
            let message = ToFacilitator::parse(&frame.text).unwrap();
            if !matches!(message, ToFacilitator::Heartbeat(_)) {
                self.unanswered.entry(frame.tag).or_default().push(message);
            }
        }
    }

    fn give(&mut self, world: &mut World, job: &str, is_again: bool) {
        let Some(given) = self.running.get_mut(job) else {
            return;
        };
        if is_again && *given > 0 {
            world.give(job, COURSE[*given - 1]);
        } else if let Some(status) = COURSE.get(*given) {
            *given += 1;
            world.give(job, status);
        }
    }

    fn serve(&mut self, world: &mut World) {
        let Some(tag) = world.try_tag() else {
            return;
        };
        if world.state() == "connecting" {
            let at_us = world.0.now_ms() * 1_000;
            world.0.try_ws(&tag, WsEventKind::Opened { at_us }).unwrap();
            return;
        }
        let waiting = self.unanswered.entry(tag).or_default();
        if waiting.is_empty() {
            return;
        }
        assert_eq!(waiting.len(), 1, "one message is under way");
        let ToFacilitator::JobStatusUpdate(update) = waiting.remove(0) else {
            world.frame(SUCCESS);
            return;
        };
        let known = self.known.entry(update.uuid).or_default();
        let status = update.status.as_str();
        if known.contains(&status) {
            world.frame(&error_answer("job.integrity_error"));
        } else {
            known.push(status);
            world.frame(SUCCESS);
        }
    }
}

proptest! {
    #[test]
    fn every_status_arrives_whatever_ends_the_host(
        turns in prop::collection::vec(turn(), 0..120),
    ) {
        let (mut world, mut others) = (start(), Others::default());
        for turn in turns {
            others.play(&mut world, turn);
        }
        // Then nothing disturbs it any more.
        for _ in 0..12 {
            for job in 0..JOBS {
                others.play(&mut world, Turn::Give(job, false));
            }
            for _ in 0..20 {
                others.play(&mut world, Turn::Serve);
            }
            others.play(&mut world, Turn::Wait);
        }
        let requested: Vec<_> = others.requested.iter().map(|job| uuid(*job)).collect();
        let running: Vec<_> = others.running.keys().cloned().collect();
        prop_assert_eq!(&running, &requested);
        for job in requested {
            prop_assert_eq!(&others.known[&job][..], COURSE);
        }
        prop_assert_eq!(world.stored_statuses(), 0);
    }
}
