//! Killed and started at any block, the schedule does what one does that was never killed.

use proptest::prelude::*;

use super::*;

/// What happens at a step.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// So many blocks come at once, and what is asked is answered.
    Blocks(u32),
    /// A block whose questions are lost, as with a service that does not answer.
    Unanswered,
    /// The host is killed between a block and the answers to what is asked at it.
    KillAtBlock,
    Kill,
    Restart,
    Reload,
    /// The host is killed, and the clock is a day behind at the next start.
    SetBack,
    Serve(bool),
}

impl Turn {
    fn ends_the_instance(self) -> bool {
        matches!(
            self,
            Self::Kill | Self::Restart | Self::Reload | Self::SetBack
        )
    }
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        12 => Just(Turn::Blocks(1)),
        3 => (2_u32..30).prop_map(Turn::Blocks),
        1 => (30_u32..400).prop_map(Turn::Blocks),
        1 => (400_u32..3_000).prop_map(Turn::Blocks),
        2 => Just(Turn::Unanswered),
        3 => Just(Turn::Kill),
        2 => Just(Turn::Restart),
        1 => Just(Turn::Reload),
        1 => Just(Turn::SetBack),
        1 => any::<bool>().prop_map(Turn::Serve),
    ]
}

/// What it does: batches that are due or missed, without the clock, and when links are wanted; each with the block at which it came.
#[derive(Debug, Default, PartialEq)]
struct Acts {
    acts: Vec<(u32, String, Value)>,
    links: Value,
}

impl Acts {
    fn add(&mut self, number: u32, events: Vec<(String, Value)>) {
        for (name, mut event) in events {
            event.as_object_mut().unwrap().remove("until_ms");
            if name == "horde_links_wanted" {
                let miners = event["miners"].take();
                // A new instance says once more which links it wants.
                if miners == self.links {
                    continue;
                }
                self.links = miners;
            }
            self.acts.push((number, name, event));
        }
    }
}

/// Plays the turns; with `is_killed` also those that end the instance. Returns what was done, what is stored of the cycle, and the last block.
fn play(turns: &[Turn], first: u32, is_killed: bool) -> (Acts, Option<Value>, u32) {
    let (mut schedules, mut chain) = (start(), Chain::at(first));
    let mut acts = Acts {
        links: json!([]),
        ..Acts::default()
    };
    acts.add(first, chain.show(&mut schedules));
    for turn in turns {
        if turn.ends_the_instance() && !is_killed {
            continue;
        }
        let kept = play_turn(*turn, &mut schedules, &mut chain);
        acts.add(chain.number, kept);
        acts.add(chain.number, chain.answer_all(&mut schedules));
    }
    (acts, schedules.stored().remove("cycle"), chain.number)
}

/// Returns the events that outlive a kill within the turn.
fn play_turn(turn: Turn, schedules: &mut Schedules, chain: &mut Chain) -> Vec<(String, Value)> {
    let mut kept = Vec::new();
    chain.is_silent = matches!(turn, Turn::Unanswered);
    match turn {
        Turn::Blocks(count) => chain.number += count,
        Turn::Unanswered | Turn::KillAtBlock => chain.number += 1,
        _ => {}
    }
    match turn {
        Turn::Blocks(_) | Turn::Unanswered => schedules.event("horde_block", chain.block()),
        Turn::KillAtBlock => {
            schedules.event("horde_block", chain.block());
            kept = schedules.emitted();
            kept.retain(|(name, _)| name == "horde_batch_due" || name == "horde_batch_missed");
            schedules.kill();
        }
        Turn::Kill => schedules.kill(),
        Turn::Restart => schedules.restart(),
        Turn::Reload => schedules.reload(),
        Turn::SetBack => {
            schedules.set_back_ms(24 * 3_600_000);
            schedules.kill();
        }
        Turn::Serve(serving) => {
            schedules.event("horde_dynamic_config", json!({ "serving": serving }));
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn killed_schedule_does_the_same(
        first in START..START + CYCLE,
        turns in prop::collection::vec(turn(), 1..120),
    ) {
        let undisturbed = play(&turns, first, false);
        check_laws(&undisturbed.0, first, undisturbed.2);
        prop_assert_eq!(play(&turns, first, true), undisturbed);
    }

    /// With the answers lost it may begin a block later, but never outside its window, twice or not at all.
    #[test]
    fn schedule_killed_within_a_block_keeps_the_laws(
        first in START..START + CYCLE,
        turns in prop::collection::vec(turn_with_lost_answers(), 1..120),
    ) {
        let (acts, _, last) = play(&turns, first, true);
        check_laws(&acts, first, last);
    }
}

fn turn_with_lost_answers() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => turn(),
        1 => Just(Turn::KillAtBlock),
    ]
}

/// Each cycle that is over ends once, in order, and a batch begins within its window.
fn check_laws(acts: &Acts, first: u32, last: u32) {
    let mut ends = Vec::new();
    for (number, name, event) in &acts.acts {
        match name.as_str() {
            "horde_links_wanted" => continue,
            "horde_batch_due" => {
                let block = event["block"].as_u64().unwrap() as u32;
                assert!((block..=block + 3).contains(number), "{block} at {number}");
            }
            name => assert_eq!(name, "horde_batch_missed"),
        }
        ends.push(event["cycle_start"].as_u64().unwrap() as u32);
    }
    let cycles = (START..).step_by(CYCLE as usize);
    // A cycle before the first block was not seen.
    let mut cycles = cycles.skip_while(|start| start + CYCLE <= first);
    for end in &ends {
        assert_eq!(Some(*end), cycles.next(), "{ends:?}");
    }
    assert!(
        cycles.next().unwrap() + CYCLE > last,
        "{ends:?} up to block {last}"
    );
}
