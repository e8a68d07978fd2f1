//! From nothing to samples that are given.

use super::*;

#[test]
fn pool_fills_from_nothing() {
    let mut world = World::start();
    let links = world.events("horde_links_wanted");
    let expected = json!([{ "hotkey": "", "host": "10.0.0.9", "port": 8000 }]);
    assert_eq!(links[0]["miners"], expected);
    assert_eq!(links[0]["holder"], "horde_crossval");
    world.assert_state("generation", "waits for a link");
    world.up();
    let asked = world.asked();
    assert_eq!(asked.group["is_organic"], true);
    assert_eq!(asked.group["jobs"][0]["timeout_seconds"], 300);
    assert_eq!(asked.uploads().len(), 4);
    world.generate(&asked);
    world.settle();
    let report = world.report();
    assert_eq!(
        report["series"],
        json!({ "usable": 4, "live": 4, "wanted": 4 })
    );
    assert_eq!(report["workloads"].as_array().unwrap().len(), 2);
    for _ in 0..2 {
        let asked = world.asked();
        assert_eq!(asked.group["jobs"][0]["timeout_seconds"], 288);
        world.solve(&asked);
        world.settle();
    }
    let report = world.report();
    assert_eq!(
        report["samples"],
        json!({ "ready": 4, "missing": 0, "wanted": 4 })
    );
    world.assert_state("sampling", "rests: all samples are there");
    world.assert_state("answering", "rests: no workload waits");
    world.assert_state("generation", "rests: 4 series are there");
    assert!(world.all_asked().is_empty());
}

#[test]
fn trusted_miner_gets_finished_receipts() {
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    world.generate(&asked);
    let scored = world.events("horde_jobs_scored");
    assert_eq!(
        scored[0]["jobs"],
        json!([{ "uuid": asked.uuid, "score_text": "0.000000" }])
    );
}

#[test]
fn each_workload_has_a_seed_of_its_own() {
    let mut world = World::with_series();
    world.settle();
    let mut seeds: Vec<String> = world
        .harness
        .stored()
        .into_iter()
        .filter(|(key, _)| key.starts_with("workload/"))
        .map(|(_, workload)| workload["seed"].to_string())
        .collect();
    seeds.dedup();
    assert_eq!(seeds.len(), 2);
}

#[test]
fn last_workload_may_be_short() {
    let mut dynamic = small();
    dynamic["target_number_of_prompt_samples_ready"] = json!(3);
    let mut world = World::with(&section(), &dynamic);
    world.up();
    let asked = world.asked();
    world.generate(&asked);
    world.settle();
    let report = world.report();
    let mut samples: Vec<_> = report["workloads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|workload| workload["samples"].as_u64().unwrap())
        .collect();
    samples.sort_unstable();
    assert_eq!(samples, [1, 2]);
    assert_eq!(report["samples"]["missing"], 0);
}

/// The reference waits for a number of series that there may never be.
#[test]
fn fewer_series_than_samples_are_enough_after_a_while() {
    let mut dynamic = small();
    dynamic["number_of_prompts_per_workload"] = json!(100);
    dynamic["target_number_of_prompt_samples_ready"] = json!(100);
    let mut world = World::with(&section(), &dynamic);
    world.up();
    let asked = world.asked();
    world.generate(&asked);
    world.assert_state(
        "sampling",
        "waits for series: 4 can be used, 100 are needed",
    );
    world.harness.advance_ms(30 * 60_000);
    world.settle();
    assert!(!world.report()["workloads"].as_array().unwrap().is_empty());
}

#[test]
fn generation_goes_on_while_workloads_wait() {
    let mut dynamic = small();
    dynamic["max_prompt_series"] = json!(100);
    let mut world = World::with(&section(), &dynamic);
    world.up();
    let first = world.asked();
    world.generate(&first);
    world.settle();
    let mut kinds = vec![true];
    for _ in 0..4 {
        let asked = world.wait_for_job();
        kinds.push(asked.is_generation());
        if asked.is_generation() {
            world.generate(&asked);
        } else {
            world.over(&asked, &failed());
        }
        world.settle();
    }
    assert!(
        kinds.iter().filter(|is_generation| **is_generation).count() >= 2,
        "{kinds:?}"
    );
    assert!(kinds.contains(&false), "{kinds:?}");
}

/// A pool takes hours to fill, one job after another.
#[test]
fn drain_waits_for_the_job_under_way_only() {
    let mut world = World::with(&section(), &small());
    world.up();
    let asked = world.asked();
    world.harness.event("drain", json!({}));
    world.harness.reload();
    assert_eq!(world.harness.unfinished(), 1);
    world.generate(&asked);
    world.settle();
    assert_eq!(world.harness.unfinished(), 0);
    world.harness.advance_ms(3_600_000);
    world.settle();
    assert!(world.all_asked().is_empty());
    world.assert_state("generation", "waits: the host drains");
    // The next run goes on.
    world.harness.kill();
    world.harness.event("horde_dynamic_config", small());
    world.settle();
    world.wait_for_job();
}

#[test]
fn link_is_let_go_when_nothing_is_to_do() {
    let mut world = World::full();
    world.harness.emitted();
    world.harness.advance_ms(59_000);
    assert!(world.events("horde_links_wanted").is_empty());
    world.harness.advance_ms(1_000);
    assert_eq!(world.events("horde_links_wanted")[0]["miners"], json!([]));
    world.harness.advance_ms(600_000);
    assert!(world.events("horde_links_wanted").is_empty(), "once");
}

#[test]
fn used_up_series_are_replaced_and_deleted() {
    let mut section = section();
    section["uses_per_series"] = json!(1);
    let mut world = World::with(&section, &small()).generated();
    let begun_ms = world.report()["at_ms"].as_u64().unwrap();
    world.settle();
    while world.report()["samples"]["ready"] != 4 || world.report()["series"]["usable"] != 4 {
        let asked = world.wait_for_job();
        match asked.is_generation() {
            true => {
                let generation = &world.report()["stations"]["generation"];
                assert_ne!(generation["filled"], 4, "what is used up is missing");
                world.generate(&asked);
            }
            false => world.solve(&asked),
        }
        world.settle();
    }
    let took_ms = world.report()["at_ms"].as_u64().unwrap() - begun_ms;
    assert!(
        took_ms < 60_000,
        "before the sweep that retires the old ones"
    );
    world.harness.advance_ms(60_000);
    assert_eq!(world.report()["series"]["live"], 4);
    let old = world
        .objects
        .keys()
        .filter(|path| path.starts_with("/prompts/"))
        .count();
    assert_eq!(old, 8, "samples need the old ones");
    world.want("b", &[("a", 4)]);
    world.harness.advance_ms(3_700_000);
    world.settle();
    let left = world
        .objects
        .keys()
        .filter(|path| path.starts_with("/prompts/"))
        .count();
    assert_eq!(left, 4);
}

#[test]
fn old_series_and_samples_expire() {
    let mut section = section();
    section["expiry_hours"] = json!(1);
    let mut world = World::full_with(&section);
    let before = world.records("sample/");
    assert_eq!(before.len(), 4);
    world.harness.advance_ms(3_660_000);
    let after = world.records("sample/");
    assert!(
        before.iter().all(|sample| !after.contains(sample)),
        "{after:?}"
    );
    assert_eq!(world.report()["series"]["live"], 0);
}

/// A rule of the bucket deletes a series by its age, however young the samples are that were drawn from it last.
#[test]
fn sample_expires_with_its_series() {
    let mut section = section();
    section["expiry_hours"] = json!(2);
    let mut world = World::full_with(&section);
    world.harness.advance_ms(3_600_000);
    world.settle();
    world.want("b", &[("a", 4)]);
    world.settle();
    for _ in 0..2 {
        let asked = world.wait_for_job();
        world.solve(&asked);
        world.settle();
    }
    let young = world.records("sample/");
    assert_eq!(young.len(), 4);
    world.harness.advance_ms(3_600_000);
    let left = world.records("sample/");
    assert!(
        young.iter().all(|sample| !left.contains(sample)),
        "{left:?}"
    );
}

/// So that new series are there before the samples of the old ones expire.
#[test]
fn old_series_is_replaced_before_its_samples_expire() {
    let mut section = section();
    section["expiry_hours"] = json!(8);
    let mut world = World::full_with(&section);
    world.harness.emitted();
    world.harness.advance_ms(7 * 3_600_000);
    world.settle();
    let asked = world.wait_for_job();
    assert!(asked.is_generation());
    let report = world.report();
    assert_eq!(
        (&report["series"]["usable"], &report["samples"]["ready"]),
        (&json!(0), &json!(4))
    );
}

#[test]
fn expired_sample_that_no_sweep_has_seen_is_not_given() {
    let mut section = section();
    section["expiry_hours"] = json!(1);
    let mut world = World::full_with(&section);
    world.harness.advance_ms(3_590_000);
    // A sweep comes at the start, and the next one a minute later.
    world.harness.kill();
    world.harness.advance_ms(0);
    world.harness.advance_ms(20_000);
    assert_eq!(world.records("sample/").len(), 4);
    let given = world.want("b", &[("a", 1)]);
    assert_eq!(given["samples"], json!([]));
}

#[test]
fn nothing_that_is_missing_in_the_config_is_asked_for() {
    let mut world = World::with(&json!({}), &small());
    world.assert_state("generation", "waits: no buckets are configured");
    let mut section = section();
    section["trusted_miner_host"] = json!("");
    world = World::with(&section, &small());
    world.assert_state("generation", "waits: no trusted miner is configured");
    assert!(world.all_asked().is_empty() && world.tags().is_empty());
}

#[test]
fn operator_is_reminded_once_a_day() {
    let mut section = section();
    section["trusted_miner_host"] = json!("");
    let mut world = World::with(&section, &small());
    let count = |world: &mut World| {
        let logs = world.harness.logs();
        logs.iter()
            .filter(|(_, text)| text.contains("no trusted miner is configured"))
            .count()
    };
    assert_eq!(count(&mut world), 1);
    world.harness.advance_ms(23 * 3_600_000);
    assert_eq!(count(&mut world), 0);
    world.harness.advance_ms(2 * 3_600_000);
    assert_eq!(count(&mut world), 1);
}

/// How full each station is, what it waits for, since when, and its last failure, at each stage of a pool that fills.
#[test]
fn report_says_how_full_each_station_is() {
    let mut world = World::start();
    let filled = |world: &mut World| {
        let report = world.report();
        let stations = ["generation", "sampling", "upload", "answering"];
        stations.map(|name| {
            let station = &report["stations"][name];
            assert!(station["since_ms"].is_number(), "{station}");
            let number = |key: &str| station[key].as_u64().unwrap();
            (number("filled"), number("target"))
        })
    };
    assert_eq!(filled(&mut world), [(0, 4), (0, 4), (0, 0), (0, 4)]);
    world.up();
    let asked = world.asked();
    world.generate(&asked);
    world.settle();
    assert_eq!(filled(&mut world), [(4, 4), (4, 4), (2, 2), (0, 4)]);
    let asked = world.asked();
    world.over(&asked, &failed());
    let answering = world.report()["stations"]["answering"].clone();
    assert_eq!(answering["failures_in_succession"], 1);
    let paused_ms = answering["paused_until_ms"].as_u64().unwrap();
    assert_eq!(paused_ms, world.harness.now_ms() + 30_000);
    assert_eq!(answering["last_failure"]["at_ms"], world.harness.now_ms());
    let reason = answering["last_failure"]["reason"].as_str().unwrap();
    assert!(reason.contains("no GPU"), "{reason}");
}
