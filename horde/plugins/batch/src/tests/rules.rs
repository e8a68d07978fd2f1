//! The dynamic config: the next batch goes by it.

use super::*;

fn dynamic(version: u64, llm_max: u32, multiplier: f64) -> Value {
    json!({
        "weights_version": version,
        "miner_max_executors_per_class": { LLM: llm_max },
        "manifest_score_multiplier": multiplier,
    })
}

/// Begins a batch with a miner that has so many LLM executors, and ends it; returns the number of jobs and their version.
fn ask(batches: &mut Batches) -> (u64, u64) {
    let mut arguments = arguments(1);
    arguments["kinds"] = json!({ LLM: HASH });
    batches.command("run_batch", &arguments).unwrap();
    finish_ask(batches)
}

fn finish_ask(batches: &mut Batches) -> (u64, u64) {
    batches.emitted();
    link_up(batches, 0, &[(LLM, 9)]);
    let wanted = emitted(batches, "horde_jobs_wanted").remove(0);
    // No job kind answers.
    batches.advance_ms(60_000);
    let number = |value: &Value| value.as_u64().unwrap();
    (
        number(&wanted["miners"][0]["count"]),
        number(&wanted["weights_version"]),
    )
}

#[test]
fn dynamic_config_holds_for_the_next_batch() {
    let mut batches = start_with(json!({ "weights_version": 2 }));
    assert_eq!(ask(&mut batches), (2, 2), "the config's");
    batches.event("horde_dynamic_config", dynamic(3, 5, 1.05));
    assert_eq!(ask(&mut batches), (5, 3));
    batches.kill();
    assert_eq!(ask(&mut batches), (5, 3), "stored");
}

#[test]
fn running_batch_keeps_its_rules() {
    let mut batches = start();
    batches.event("horde_dynamic_config", dynamic(3, 5, 1.05));
    let mut arguments = arguments(1);
    arguments["kinds"] = json!({ LLM: HASH });
    batches.command("run_batch", &arguments).unwrap();
    batches.event("horde_dynamic_config", dynamic(2, 7, 1.05));
    batches.kill();
    batches.advance_ms(RESUME_DELAY_MS);
    assert_eq!(finish_ask(&mut batches), (5, 3));
}

#[test]
fn faulty_dynamic_config_changes_nothing() {
    let mut batches = start();
    batches.event("horde_dynamic_config", dynamic(2, 3, 1.05));
    for (faulty, expected) in [
        (
            dynamic(5, 7, 1.05),
            "weights_version: weights version 5 is unknown",
        ),
        (
            dynamic(1, 7, 0.5),
            "manifest_score_multiplier: 0.5 is less than 1",
        ),
    ] {
        batches.logs();
        batches.event("horde_dynamic_config", faulty);
        let (level, text) = batches.logs().remove(0);
        assert_eq!(level, "error");
        assert!(text.contains(expected), "{text}");
        batches.kill();
        assert_eq!(ask(&mut batches), (3, 2));
    }
}
