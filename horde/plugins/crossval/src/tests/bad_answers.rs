//! Answers of the trusted miner that are not.

use super::*;

fn assert_dropped(world: &mut World, uuid: &str, expected: &str) {
    let mut tries = 0;
    while world
        .harness
        .stored()
        .contains_key(&format!("workload/{uuid}"))
    {
        tries += 1;
        assert!(tries <= 3, "three failures drop it");
        let mut asked = world.wait_for_job();
        // The other workload is as good as any.
        while asked.volume() != format!("/answers/{uuid}") {
            world.solve(&asked);
            world.settle();
            asked = world.wait_for_job();
        }
        world.over(&asked, &json!({ "outcome": "executor_failed" }));
    }
    assert_eq!(tries, 3);
    world.assert_failure("answering", expected);
}

/// A pool whose workloads wait, and the uuid of the one that is asked for first.
fn waiting() -> (World, Asked, String) {
    let mut world = World::with_series();
    world.settle();
    let asked = world.asked();
    let uuid = asked.volume().rsplit('/').next().unwrap().to_owned();
    (world, asked, uuid)
}

#[test]
fn file_without_the_answers_fails_the_workload() {
    type Spoil = fn(&Value) -> Vec<u8>;
    let cases: [(Spoil, &str); 10] = [
        (|_| b"[]".to_vec(), "not a JSON object"),
        (|_| b"{}".to_vec(), "prompt 0 has no answer"),
        (|_| b"{\"a\"".to_vec(), "not a JSON object"),
        (|_| vec![0x1f, 0x8b, 8], "gzip"),
        (|_| b"{\"\xff\": 1}".to_vec(), "not a JSON object"),
        (
            |solved| change(solved, |key, _| (key, json!(1))),
            "is not a text",
        ),
        (
            |solved| change(solved, |key, value| (format!(" {key} "), value)),
            "blanks around it",
        ),
        // The same text in another Unicode normalisation is another text.
        (
            |solved| change(solved, |key, value| (key.replace('é', "e\u{301}"), value)),
            "another Unicode normalisation",
        ),
        (
            |solved| {
                let mut left = solved.as_object().unwrap().clone();
                let first = left.keys().next().unwrap().clone();
                left.remove(&first);
                Value::Object(left).to_string().into_bytes()
            },
            "has no answer",
        ),
        (
            |solved| change(solved, |key, value| (format!("{key}?"), value)),
            "has no answer",
        ),
    ];
    for (file, expected) in cases {
        let (mut world, asked, uuid) = waiting();
        let file = file(&world.solved(&asked));
        world.objects.insert(asked.uploads()[0].clone(), file);
        world.over(&asked, &finished());
        world.settle();
        world.assert_failure("answering", expected);
        let workload = &world.harness.stored()[&format!("workload/{uuid}")];
        assert_eq!(workload["failures"], 1, "{expected}");
        assert_eq!(world.records("sample/").len(), 0, "{expected}");
    }
}

fn change(solved: &Value, change: fn(String, Value) -> (String, Value)) -> Vec<u8> {
    let answers = solved.as_object().unwrap().clone().into_iter();
    let changed: serde_json::Map<_, _> = answers.map(|(key, value)| change(key, value)).collect();
    Value::Object(changed).to_string().into_bytes()
}

#[test]
fn further_answers_do_not_matter() {
    let (mut world, asked, _) = waiting();
    let mut solved = world.solved(&asked);
    solved["more"] = json!([1]);
    world
        .objects
        .insert(asked.uploads()[0].clone(), solved.to_string().into_bytes());
    world.over(&asked, &finished());
    world.settle();
    assert_eq!(world.records("sample/").len(), 2);
}

#[test]
fn file_that_is_too_long_counts_against_the_workload() {
    let (mut world, asked, uuid) = waiting();
    world.over(&asked, &finished());
    let tag = world.tags()[0].clone();
    world.harness.fail(&tag, HttpFailureKind::TooLarge);
    world.assert_failure("answering", "longer than 4 MiB");
    assert_eq!(
        world.harness.stored()[&format!("workload/{uuid}")]["failures"],
        1
    );
}

#[test]
fn third_failure_drops_a_workload() {
    let (mut world, asked, uuid) = waiting();
    world.over(&asked, &failed());
    world.assert_failure(
        "answering",
        "the job has failed with status 1: \"no GPU\\n\"",
    );
    let uses = |world: &World| -> u64 {
        let stored = world.harness.stored().into_iter();
        let series = stored.filter(|(key, _)| key.starts_with("series/"));
        series
            .map(|(_, series)| series["uses"].as_u64().unwrap())
            .sum()
    };
    assert_eq!(uses(&world), 4);
    let mut tries = 1;
    while world
        .harness
        .stored()
        .contains_key(&format!("workload/{uuid}"))
    {
        let asked = world.wait_for_job();
        if asked.volume().ends_with(&uuid) {
            tries += 1;
            let mut outcome = failed();
            outcome["stderr"] = json!("no PUT to https://s/a?X-Amz-Signature=5ec7e7");
            world.over(&asked, &outcome);
            if tries == 3 {
                assert_eq!(uses(&world), 2);
            }
        } else {
            world.solve(&asked);
        }
        if tries < 3 {
            world.settle();
        }
    }
    assert_eq!(tries, 3);
    let logs = world.harness.logs();
    let dropped = logs
        .iter()
        .find(|(_, text)| text.contains("workload is dropped"));
    let (_, text) = dropped.expect("the drop is logged");
    assert!(text.contains("no PUT to"), "{text}");
    assert!(!text.contains("5ec7e7"), "{text}");
    world.harness.advance_ms(120_000);
    world.settle();
    assert!(!world.objects.contains_key(&format!("/answers/{uuid}")));
}

#[test]
fn executor_that_cannot_be_prepared_drops_a_workload() {
    let (mut world, asked, uuid) = waiting();
    world.over(&asked, &json!({ "outcome": "interrupted" }));
    assert_dropped(&mut world, &uuid, "could not be prepared");
}

/// Busy for an hour, gone, or restarted: the workload is as good as before.
#[test]
fn busy_trusted_miner_costs_no_workload() {
    for outcome in [
        json!({ "outcome": "declined" }),
        json!({ "outcome": "late", "step": "accept" }),
        json!({ "outcome": "unreachable", "reason": "refused" }),
        json!({ "outcome": "interrupted" }),
        json!({ "outcome": "not_sent", "reason": "none of the class" }),
    ] {
        let (mut world, asked, _) = waiting();
        let mut asked = asked;
        for _ in 0..8 {
            world.over(&asked, &outcome);
            asked = world.wait_for_job();
        }
        let report = world.report();
        for workload in report["workloads"].as_array().unwrap() {
            assert_eq!(workload["failures"], 0, "{outcome}");
        }
        world.solve(&asked);
        world.settle();
        assert_eq!(world.records("sample/").len(), 2, "{outcome}");
    }
}

#[test]
fn workload_that_waits_for_a_day_is_dropped() {
    let (mut world, asked, uuid) = waiting();
    world.over(&asked, &json!({ "outcome": "declined" }));
    // What has expired is looked for within two intervals of the timer.
    world.harness.advance_ms(24 * 3_600_000 + 2 * 60_000);
    assert!(
        !world
            .harness
            .stored()
            .contains_key(&format!("workload/{uuid}"))
    );
    assert!(world.records("sample/").is_empty());
}

#[test]
fn trusted_miner_without_the_class_is_reported() {
    let mut world = World::start();
    world.link(
        &json!({ "up": { "manifest": [{ "executor_class": "always_on.gpu-24gb", "count": 1 }] } }),
    );
    world.assert_failure("generation", "no executor of the class always_on.llm.a6000");
    world.assert_state("generation", "pauses after a failure");
    assert!(world.all_asked().is_empty());
}

#[test]
fn trusted_miner_that_refuses_the_key_is_reported() {
    let mut world = World::start();
    world.link(&json!({ "down": { "reason": "it refuses: Unknown validator" } }));
    world.assert_failure("generation", "Unknown validator");
    world.harness.emitted();
    world.harness.advance_ms(30_000);
    assert_eq!(
        world.events("horde_links_wanted").len(),
        1,
        "it is tried again"
    );
}

#[test]
fn link_that_never_comes_is_reported() {
    let mut world = World::start();
    world.harness.advance_ms(40_000);
    world.assert_failure(
        "generation",
        "no link to the trusted miner came up within 40 s",
    );
}

#[test]
fn job_of_which_nothing_is_heard_ends() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    world.harness.advance_ms(310_000);
    world.assert_failure("generation", "nothing was heard");
    // What it may have written is known, and deleted once it cannot be written any more.
    world.generate(&asked);
    assert_eq!(world.records("doomed/prompts/").len(), 4);
    world.harness.advance_ms(3_700_000);
    world.settle();
    assert!(
        asked
            .uploads()
            .iter()
            .all(|path| !world.objects.contains_key(path))
    );
}
