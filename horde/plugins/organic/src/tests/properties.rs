//! Whatever comes in whatever order: each request has one terminal status, and `accepted` once at most and before it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const JOBS: u64 = 6;

#[derive(Clone, Debug)]
enum Act {
    Request(u64),
    Neurons,
    Up(u8),
    Down(u8),
    /// One of all attempts that were ever asked for.
    Accepted(usize),
    Over(usize, &'static str),
    /// The router's choice of a miner for an attempt at a job.
    Chosen(u64, u32, u8),
    Advance(u64),
    Kill,
    Restart,
    Reload,
    Update,
}

fn act() -> impl Strategy<Value = Act> {
    let outcomes = &[
        "finished",
        "failed",
        "declined",
        "executor_failed",
        "interrupted",
        "late",
        "unreachable",
        "not_sent",
    ];
    let outcome = prop::sample::select(&outcomes[..]);
    prop_oneof![
        6 => (0..JOBS).prop_map(Act::Request),
        2 => Just(Act::Neurons),
        6 => (1_u8..4).prop_map(Act::Up),
        2 => (1_u8..4).prop_map(Act::Down),
        4 => (0_usize..8).prop_map(Act::Accepted),
        6 => (0_usize..8, outcome).prop_map(|(attempt, outcome)| Act::Over(attempt, outcome)),
        4 => (0..JOBS, 1_u32..3, 1_u8..5)
            .prop_map(|(job, attempt, miner)| Act::Chosen(job, attempt, miner)),
        4 => prop::sample::select(&[0_u64, 20, 3_000, 10_000, 40_000][..]).prop_map(Act::Advance),
        1 => Just(Act::Kill),
        1 => Just(Act::Restart),
        1 => Just(Act::Reload),
        1 => Just(Act::Update),
    ]
}

/// Even numbers leave the choice, odd ones name a miner.
fn request(number: u64) -> Value {
    match number % 2 {
        0 => v2(number, START_MS),
        _ => v1(number, u8::try_from(number % 4).unwrap()),
    }
}

#[derive(Default)]
struct Seen {
    statuses: BTreeMap<String, Vec<String>>,
    attempts: Vec<Asked>,
    /// Each attempt's miner, by job and attempt.
    miners: BTreeMap<String, BTreeMap<String, String>>,
}

impl Seen {
    fn look(&mut self, world: &mut World) {
        for (name, event) in world.0.emitted() {
            let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
            if name == "horde_job_status" {
                self.statuses
                    .entry(text("uuid"))
                    .or_default()
                    .push(text("status"));
            } else if name == "horde_jobs_made" {
                let job = &event["jobs"][0];
                let text = |field: &str| job[field].as_str().unwrap().to_owned();
                let miners = self.miners.entry(text("description")).or_default();
                miners.insert(text("uuid"), text("hotkey"));
            } else if name == "horde_group_wanted" {
                self.attempts.push(Asked {
                    uuid: text("group"),
                    hotkey: event["jobs"][0]["hotkey"].as_str().unwrap().to_owned(),
                    group: event.clone(),
                    made: Value::Null,
                });
            }
        }
    }
}

fn play(world: &mut World, seen: &Seen, act: &Act) {
    match act {
        Act::Request(number) => world.request(&request(*number)),
        Act::Neurons => world.serve(&[1, 2, 3]),
        Act::Up(miner) => world.up(*miner, 2),
        Act::Down(miner) => world.0.event("horde_miner_link", down(*miner)),
        Act::Accepted(index) => {
            if let Some(attempt) = seen.attempts.get(*index) {
                world.step(attempt, "accepted");
            }
        }
        Act::Over(index, outcome) => {
            let outcome = json!({
                "outcome": outcome, "stdout": "x", "stderr": "", "exit_status": 1, "reason": "r", "step": "accept",
            });
            if let Some(attempt) = seen.attempts.get(*index) {
                world.over(attempt, &outcome);
            }
        }
        Act::Chosen(job, attempt, miner) => {
            let answer = json!({ "job": uuid(*job), "attempt": attempt, "hotkey": hotkey(*miner) });
            world.0.event("horde_miner_chosen", answer);
        }
        Act::Advance(milliseconds) => world.0.advance_ms(*milliseconds),
        Act::Kill => world.kill(),
        Act::Restart => world.0.restart(),
        Act::Reload => world.0.reload(),
        Act::Update => world.0.update(),
    }
}

proptest! {
    #[test]
    fn each_request_has_one_terminal_status(
        acts in prop::collection::vec(act(), 1..80),
        router_ms in prop::sample::select(&[0, 5_000][..]),
    ) {
        let mut section = section();
        section["router_ms"] = json!(router_ms);
        let mut world = start_with(section);
        world.serve(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let mut seen = Seen::default();
        let mut wanted = BTreeMap::new();
        for act in &acts {
            if let Act::Request(number) = act {
                wanted.insert(uuid(*number), *number);
            }
            play(&mut world, &seen, act);
            seen.look(&mut world);
        }
        // Whatever is still under way ends by its deadlines alone.
        for _ in 0..12 {
            world.0.advance_ms(60_000);
            seen.look(&mut world);
        }
        prop_assert_eq!(world.0.unfinished(), 0);
        prop_assert!(world.open_records().is_empty());
        prop_assert_eq!(seen.statuses.len(), wanted.len());
        for (uuid, statuses) in &seen.statuses {
            prop_assert!(wanted.contains_key(uuid));
            let (last, before) = statuses.split_last().unwrap();
            prop_assert!(last != "accepted", "{:?}", statuses);
            prop_assert!(before.is_empty() || before == ["accepted"], "{:?}", statuses);
        }
        // An attempt that is asked for again after a kill is one at the same miner; each other one is at a miner of its own.
        for miners in seen.miners.values() {
            let distinct: BTreeSet<_> = miners.values().collect();
            prop_assert_eq!(distinct.len(), miners.len());
        }
        let mut hotkeys: BTreeMap<&str, &str> = BTreeMap::new();
        for attempt in &seen.attempts {
            let known = hotkeys.insert(&attempt.uuid, &attempt.hotkey);
            prop_assert!(known.is_none_or(|hotkey| hotkey == attempt.hotkey));
        }
        prop_assert!(world.0.timers().is_empty(), "{:?}", world.0.timers());
    }
}
