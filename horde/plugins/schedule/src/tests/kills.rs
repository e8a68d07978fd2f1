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

/// What it does: batches that are due or missed, without the clock, and when links are wanted.
fn acts(events: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut acts = Vec::new();
    for (name, mut event) in events {
        event.as_object_mut().unwrap().remove("until_ms");
        // A new instance says once more which links it wants.
        if name != "horde_links_wanted" || acts.last() != Some(&(name.clone(), event.clone())) {
            acts.push((name, event));
        }
    }
    acts
}

/// Plays the turns; with `is_killed` also those that end the instance.
fn play(turns: &[Turn], first: u32, is_killed: bool) -> (Vec<(String, Value)>, Option<Value>) {
    let (mut schedules, mut chain) = (start(), Chain::at(first));
    let mut events = chain.show(&mut schedules);
    for turn in turns {
        if turn.ends_the_instance() && !is_killed {
            continue;
        }
        match *turn {
            Turn::Blocks(count) => {
                chain.number += count;
                chain.is_silent = false;
                events.extend(chain.show(&mut schedules));
            }
            Turn::Unanswered => {
                chain.number += 1;
                chain.is_silent = true;
                events.extend(chain.show(&mut schedules));
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
        events.extend(chain.answer_all(&mut schedules));
    }
    (
        acts_without_repeats(events),
        schedules.stored().remove("cycle"),
    )
}

/// The acts, with links that are said once more left out.
fn acts_without_repeats(events: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut links = json!([]);
    let mut kept = acts(events);
    kept.retain(|(name, event)| {
        let is_repeat = name == "horde_links_wanted" && event["miners"] == links;
        if name == "horde_links_wanted" {
            links = event["miners"].clone();
        }
        !is_repeat
    });
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn killed_schedule_does_the_same(
        first in START - 20..START + CYCLE,
        turns in prop::collection::vec(turn(), 1..120),
    ) {
        let undisturbed = play(&turns, first, false);
        prop_assert_eq!(play(&turns, first, true), undisturbed.clone());
        check_laws(&undisturbed.0);
    }
}

/// Each cycle ends once at most, in order, and a batch begins within its window.
fn check_laws(events: &[(String, Value)]) {
    let ends: Vec<_> = events
        .iter()
        .filter(|(name, _)| name == "horde_batch_due" || name == "horde_batch_missed")
        .map(|(_, event)| event["cycle_start"].as_u64().unwrap())
        .collect();
    assert!(ends.windows(2).all(|pair| pair[0] < pair[1]), "{ends:?}");
    let cycles = ends.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        cycles.into_iter().all(|blocks| blocks == u64::from(CYCLE)),
        "{ends:?}"
    );
}
