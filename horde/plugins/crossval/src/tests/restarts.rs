//! Kills at each step, reloads, damaged records, and a clock that was set back.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn job_killed_once_asked_for_is_asked_for_again() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    world.harness.advance_ms(10_000);
    world.harness.kill();
    world.harness.advance_ms(0);
    assert_eq!(world.events("horde_links_wanted").len(), 1);
    world.up();
    let again = world.asked();
    assert_eq!(again.uuid, asked.uuid);
    assert_eq!(again.uploads(), asked.uploads());
    assert_eq!(again.group["jobs"][0]["timeout_seconds"], 290);
    world.up();
    assert!(world.all_asked().is_empty(), "once");
}

#[test]
fn link_of_the_run_before_is_let_go() {
    let mut world = World::full();
    world.harness.kill();
    world.harness.emitted();
    world.harness.advance_ms(60_000);
    assert_eq!(world.events("horde_links_wanted")[0]["miners"], json!([]));
}

#[test]
fn reload_asks_for_nothing_twice() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    world.harness.reload();
    world.harness.advance_ms(0);
    world.up();
    assert!(world.all_asked().is_empty());
    world.generate(&asked);
    let before = world.tags();
    assert!(!before.is_empty());
    world.harness.reload();
    world.harness.advance_ms(0);
    assert_eq!(world.tags(), before);
    world.settle();
    assert_eq!(world.records("workload/").len(), 2);
}

#[test]
fn damaged_records_do_not_keep_it_from_starting() {
    let mut world = World::full();
    for key in world.harness.stored().into_keys() {
        world.harness.store(&key, "\"nonsense\"");
    }
    world.harness.kill();
    world.harness.advance_ms(0);
    assert_eq!(world.report()["samples"]["ready"], 0);
    assert!(!world.records("damaged/").is_empty());
}

#[test]
fn clock_set_back_a_day_delays_nothing() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    world.over(&asked, &failed());
    world.harness.set_back_ms(24 * 3_600_000);
    world.harness.kill();
    world.harness.advance_ms(600_000);
    assert_eq!(world.events("horde_links_wanted").len(), 1);
}

#[test]
fn no_secret_is_in_a_log_or_the_report() {
    let mut world = World::full();
    let given = world.want("b", &[("a", 1)]);
    let answer = given["samples"][0]["prompts"][0]["answer"]
        .as_str()
        .unwrap();
    let report = world.report().to_string();
    let logs = format!("{:?}", world.harness.logs());
    for text in [report, logs] {
        assert!(
            !text.contains("X-Amz-Signature") && !text.contains(answer),
            "{text}"
        );
    }
}

#[derive(Clone, Debug)]
enum Act {
    Serve,
    Advance(u64),
    Up,
    Over(bool),
    Want,
    Kill,
    Reload,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Serve),
        4 => (1_u64..200_000).prop_map(Act::Advance),
        5 => Just(Act::Up),
        5 => (0_u8..4).prop_map(|number| Act::Over(number > 0)),
        1 => Just(Act::Want),
        3 => Just(Act::Kill),
        1 => Just(Act::Reload),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Kills at any moment: no sample is used twice, no workload is lost, no object is left that nobody knows, and nothing jams.
    #[test]
    fn kill_at_any_moment_loses_nothing(acts in prop::collection::vec(act(), 1..120)) {
        let mut world = World::start();
        let mut used = BTreeSet::new();
        let mut given = 0;
        let mut present: Option<Asked> = None;
        for act in acts {
            match act {
                Act::Serve => {
                    let call = world.harness.http_calls().first().cloned();
                    if let Some(call) = call {
                        world.serve(&call);
                    }
                }
                Act::Advance(milliseconds) => world.harness.advance_ms(milliseconds),
                Act::Up => world.up(),
                Act::Over(is_good) => match present.take() {
                    Some(asked) if !is_good => world.over(&asked, &failed()),
                    Some(asked) if asked.is_generation() => world.generate(&asked),
                    Some(asked) => world.solve(&asked),
                    None => {}
                },
                Act::Want => {
                    world.harness.event("horde_llm_samples_wanted", wanted(1, "b", &[("a", 1), ("b", 1)]));
                }
                Act::Kill => world.harness.kill(),
                Act::Reload => world.harness.reload(),
            }
            let events = world.harness.emitted();
            for (name, event) in &events {
                if name == "horde_llm_samples" {
                    for sample in event["samples"].as_array().unwrap() {
                        given += 1;
                        used.insert(format!("{}{}", sample["seed"], sample["prompts"]));
                    }
                }
            }
            if let Some(asked) = asked_in(&events) {
                present = Some(asked);
            }
            prop_assert_eq!(used.len(), given, "a sample was used twice");
            assert_known(&world);
        }
        // And the pool fills.
        if let Some(asked) = present {
            if asked.is_generation() {
                world.generate(&asked);
            } else {
                world.solve(&asked);
            }
        }
        for _ in 0..60 {
            world.settle();
            // What was answered before may still be on its way, so that no further job is needed.
            let is_full = |world: &mut World| world.report()["samples"]["ready"] == 4;
            let Some(asked) = world.wait_for_job_unless(is_full) else {
                break;
            };
            if asked.is_generation() {
                world.generate(&asked);
            } else {
                world.solve(&asked);
            }
        }
        prop_assert_eq!(&world.report()["samples"]["ready"], 4);
        assert_known(&world);
    }
}

fn asked_in(events: &[(String, Value)]) -> Option<Asked> {
    let group = events
        .iter()
        .rfind(|(name, _)| name == "horde_group_wanted")?;
    let made = events.iter().rfind(|(name, _)| name == "horde_jobs_made")?;
    Some(Asked {
        uuid: group.1["group"].as_str().unwrap().to_owned(),
        group: group.1.clone(),
        request: made.1["jobs"][0]["request"].clone(),
        reservation: made.1["jobs"][0]["reservation"].clone(),
    })
}

/// Each object in the buckets is named by a record.
#[track_caller]
fn assert_known(world: &World) {
    let stored = serde_json::to_string(&world.harness.stored()).unwrap();
    for path in world.objects.keys() {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".json");
        assert!(stored.contains(name), "nobody knows {path}");
    }
}
