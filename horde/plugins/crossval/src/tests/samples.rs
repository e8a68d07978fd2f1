//! Samples as they are given.

use std::collections::BTreeSet;

use super::*;

#[test]
fn sample_is_what_the_trusted_miner_has_answered() {
    let mut world = World::full();
    let given = world.want("b", &[("a", 1)]);
    assert_eq!(given["shortage"], Value::Null);
    let sample = &given["samples"][0];
    let seed = u32::try_from(sample["seed"].as_u64().unwrap()).unwrap();
    let prompt = sample["prompts"][0]["prompt"].as_str().unwrap();
    let answer = horde_calc::llm::mock_answer(seed, prompt);
    assert_eq!(sample["prompts"][0]["answer"], answer);
    let text = world.objects[&path_of(sample["series_url"].as_str().unwrap())].clone();
    assert!(String::from_utf8(text).unwrap().contains(prompt));
    let file = sample["file"].as_str().unwrap();
    let expected = format!("/answers/solved/{file}.json");
    let upload = sample["upload_url"].as_str().unwrap();
    assert_eq!(path_of(upload), expected);
    assert!(upload.contains("X-Amz-Expires=3600"), "{upload}");
    let answers = sample["answers_url"].as_str().unwrap();
    assert_eq!(answers, format!("{STORE}{expected}"));
    let control = path_of(sample["control_url"].as_str().unwrap());
    assert!(world.objects.contains_key(&control), "{control}");
}

#[test]
fn sample_is_given_once() {
    let mut world = World::full();
    let mut files = BTreeSet::new();
    let mut prompts = BTreeSet::new();
    let mut given = 0;
    for batch in ["b", "c", "d"] {
        let answer = world.want(batch, &[("a", 2)]);
        for sample in answer["samples"].as_array().unwrap() {
            given += 1;
            files.insert(sample["file"].to_string());
            prompts.insert(format!("{}{}", sample["seed"], sample["prompts"]));
        }
        if batch == "d" {
            let expected = "2 of 2 executors are not tested: the pool has no more samples; see GET /horde/pool";
            assert_eq!(answer["shortage"], expected);
        }
        world.harness.kill();
    }
    assert_eq!((given, files.len(), prompts.len()), (4, 4, 4));
    assert!(world.records("sample/").is_empty());
}

#[test]
fn too_few_samples_are_shared_out_one_for_each_miner() {
    let mut world = World::full();
    world.harness.emitted();
    // Two asks of the same batch, the first of a miner with many executors.
    let first = wanted(1, "b", &[("greedy", 60), ("b", 1)]);
    let second = wanted(2, "b", &[("c", 30), ("d", 1)]);
    world.harness.event("horde_llm_samples_wanted", first);
    world.harness.event("horde_llm_samples_wanted", second);
    assert!(
        world.events("horde_llm_samples").is_empty(),
        "more may be wanted"
    );
    world.harness.advance_ms(300);
    let given = world.events("horde_llm_samples");
    assert_eq!(
        (given[0]["ask"].clone(), given[1]["ask"].clone()),
        (json!(1), json!(2))
    );
    let samples = given
        .iter()
        .flat_map(|given| given["samples"].as_array().unwrap());
    let hotkeys: BTreeSet<String> = samples.map(|sample| sample["hotkey"].to_string()).collect();
    assert_eq!(hotkeys.len(), 4, "{hotkeys:?}");
    let shortage = given[0]["shortage"].as_str().unwrap();
    assert!(
        shortage.starts_with("59 of 61 executors are not tested"),
        "{shortage}"
    );
    let shortage = world.report()["last_shortage"].clone();
    assert_eq!(
        (
            &shortage["missing"],
            &shortage["wanted"],
            &shortage["batch"]
        ),
        (&json!(88), &json!(92), &json!("b")),
        "both asks of the batch"
    );
    assert_eq!(world.harness.metric("llm_samples_missing", &[]), Some(88.0));
}

#[test]
fn pool_refills_when_samples_are_used() {
    let mut world = World::full();
    world.want("b", &[("a", 3)]);
    world.settle();
    let report = world.report();
    assert_eq!(report["samples"]["missing"], 0);
    let asked = world.wait_for_job();
    world.solve(&asked);
    world.settle();
    assert_eq!(world.records("sample/").len(), 3);
}

#[test]
fn answers_are_deleted_once_their_url_has_expired() {
    let mut world = World::full();
    let given = world.want("b", &[("a", 1)]);
    let url = given["samples"][0]["answers_url"].as_str().unwrap();
    let path = path_of(url);
    world.objects.insert(path.clone(), b"{}".to_vec());
    world.harness.advance_ms(3_590_000);
    world.settle();
    assert!(world.objects.contains_key(&path));
    world.harness.advance_ms(20_000);
    world.settle();
    assert!(!world.objects.contains_key(&path));
}

#[test]
fn ask_without_buckets_is_answered() {
    let mut world = World::with(&json!({}), &small());
    let given = world.want("b", &[("a", 1)]);
    assert_eq!(given["samples"], json!([]));
    let shortage = given["shortage"].as_str().unwrap();
    assert!(shortage.contains("no buckets are configured"), "{shortage}");
}

/// All executors that a batch can have, each with a sample of a pool as in production.
#[test]
fn large_pool_is_given_within_its_bounds() {
    let mut dynamic = small();
    for (key, value) in [
        ("max_prompt_series", 600),
        ("prompts_series_in_a_single_generation", 600),
        ("target_number_of_prompt_samples_ready", 512),
        ("number_of_prompts_per_workload", 240),
    ] {
        dynamic[key] = json!(value);
    }
    let mut world = World::with(&section(), &dynamic);
    world.up();
    let asked = world.asked();
    world.generate(&asked);
    world.settle();
    for _ in 0..3 {
        let asked = world.asked();
        world.solve(&asked);
        world.settle();
    }
    for ask in 0..8 {
        let miners: Vec<(String, u32)> = (0..64)
            .map(|number| (format!("m{ask}x{number}"), 1))
            .collect();
        let miners: Vec<(&str, u32)> = miners
            .iter()
            .map(|(hotkey, count)| (hotkey.as_str(), *count))
            .collect();
        let given = world.want("b", &miners);
        assert_eq!(given["samples"].as_array().unwrap().len(), 64);
        assert_eq!(given["shortage"], Value::Null);
    }
}
