//! Kills, rebuilds and reloads at random moments: no event is lost without being counted, and no value changes by itself.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Weights of the next cycle are over.
    Event,
    /// The collector takes the open request, and its answer arrives.
    Taken,
    /// The collector refuses the open request.
    Refused,
    Wait,
    Kill,
    Restart,
    Reload,
    Set(u64),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        4 => Just(Turn::Event),
        3 => Just(Turn::Taken),
        1 => Just(Turn::Refused),
        3 => Just(Turn::Wait),
        1 => Just(Turn::Kill),
        1 => Just(Turn::Restart),
        1 => Just(Turn::Reload),
        1 => (0_u64..5).prop_map(Turn::Set),
    ]
}

fn cycles(events: &[Value]) -> impl Iterator<Item = u64> {
    let cycle = |event: &Value| event["data"]["cycle_start"].as_u64().unwrap();
    events.iter().map(cycle)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_event_reaches_the_collector(turns in prop::collection::vec(turn(), 1..60)) {
        let mut report = start_sending();
        let (mut next, mut version_set) = (0, 1);
        let mut taken = BTreeSet::new();
        for turn in turns {
            match turn {
                Turn::Event => {
                    applied(&mut report, next);
                    next += 1;
                }
                Turn::Taken | Turn::Refused => {
                    let is_taken = matches!(turn, Turn::Taken);
                    if open_tag(&report, "send/").is_some() {
                        if is_taken {
                            taken.extend(cycles(&sent_events(&report)));
                        }
                        collector_answers(&mut report, if is_taken { 201 } else { 500 });
                    }
                }
                Turn::Wait => report.advance_ms(INTERVAL_MS),
                Turn::Kill => report.kill(),
                Turn::Restart => report.restart(),
                Turn::Reload => report.reload(),
                Turn::Set(version) => {
                    set(&mut report, VERSION, &version.to_string()).unwrap();
                    version_set = version;
                }
            }
            // What the collector does not have is stored.
            let stored: BTreeSet<_> = cycles(&stored_events(&report)).collect();
            for cycle in 0..next {
                prop_assert!(taken.contains(&cycle) || stored.contains(&cycle), "{cycle}");
            }
            prop_assert_eq!(version(&mut report), version_set);
        }
        report.advance_ms(INTERVAL_MS);
        while open_tag(&report, "send/").is_some() {
            taken.extend(cycles(&sent_events(&report)));
            collector_answers(&mut report, 201);
        }
        prop_assert_eq!(taken.len() as u64, next);
    }
}

/// The collector has taken the events, and the host was killed before it knew: they are sent again, not lost.
#[test]
fn kill_before_the_answer_sends_again() {
    let mut report = start_sending();
    applied(&mut report, 1);
    report.advance_ms(INTERVAL_MS);
    let sent = sent_events(&report);
    report.kill();
    assert!(report.http_calls().is_empty());
    report.advance_ms(100);
    assert_eq!(sent_events(&report), sent);
}

/// A kill in the middle of a round: nothing of it counts, and the next start begins it anew.
#[test]
fn kill_in_a_round_changes_nothing() {
    let mut report = start_fetching();
    let tag = open_tag(&report, "fetch/validator/").unwrap();
    report.respond(&tag, 200, file(VERSION, json!(2)));
    report.kill();
    assert_eq!(version(&mut report), 1);
    report.advance_ms(100);
    answer(&mut report, (200, &file(VERSION, json!(3))), (200, "{}"));
    report.kill();
    assert_eq!(version(&mut report), 3);
}
