//! The bonus for manifests that change, between batches of cycles.

use super::*;

const CYCLE: u64 = 722;

/// A batch of one miner, of a cycle or by command. Each letter is an executor: its job is `r`ight, `d`eclined, `i`nterrupted or `e`xcused,
/// or `n`ot made, or the executor is beyond the `l`imits.
fn batch_of_cycle(batches: &mut Batches, cycle_start: Option<u64>, outcomes: &str) {
    match cycle_start {
        None => drop(run_batch(batches, 1)),
        Some(start) => {
            let until_ms = batches.now_ms() + 48_000;
            batches.event("horde_batch_due", due_event(start, until_ms, 1));
        }
    }
    batches.emitted();
    let executors = u32::try_from(outcomes.len()).unwrap();
    link_up(batches, 0, &[(SPIN_UP, executors)]);
    let jobs = answer_asks_in_part(batches, outcomes.replace(['n', 'l'], "").len());
    let jobs: Vec<_> = jobs.iter().zip(outcomes.chars()).collect();
    let batch = batch_name(batches);
    for (job, letter) in &jobs {
        let outcome = match letter {
            'd' => json!({ "outcome": "declined" }),
            'i' => json!({ "outcome": "interrupted" }),
            _ => finished("x"),
        };
        job_over(batches, job, &outcome);
    }
    for (job, letter) in jobs {
        let verdict = match letter {
            'r' => right(),
            'e' => json!({ "verdict": "excused", "reason": "the bucket did not answer" }),
            _ => continue,
        };
        let checked = checked_event(&batch, &job.uuid, &verdict);
        batches.event("horde_answer_checked", checked);
    }
}

fn score_text(batches: &mut Batches) -> String {
    let scored = emitted(batches, "horde_jobs_scored");
    scored[0]["jobs"][0]["score_text"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn changed_manifest_is_compared_with_the_cycle_before() {
    for (previous, current, score) in [
        ("rddd", "rddd", "2"),
        ("rddd", "rrdd", "2.1"),
        ("rrrd", "rrrr", "2"),
        ("rrrd", "rrdd", "2.1"),
    ] {
        let section = json!({ "kinds": { SPIN_UP: HASH }, "weights_version": 2 });
        let mut batches = start_with(section);
        batch_of_cycle(&mut batches, Some(0), previous);
        assert_eq!(score_text(&mut batches), "2", "nothing to compare with");
        batch_of_cycle(&mut batches, None, "rrrr");
        assert_eq!(
            score_text(&mut batches),
            "2",
            "a batch without a cycle has no bonus"
        );
        batch_of_cycle(&mut batches, Some(CYCLE), current);
        assert_eq!(
            score_text(&mut batches),
            score,
            "{previous}, then {current}"
        );
        batch_of_cycle(&mut batches, Some(3 * CYCLE), "rddd");
        assert_eq!(score_text(&mut batches), "2", "a cycle was left out");
    }
}

/// Runs two cycles, and looks whether the second one has the bonus.
fn check_bonus(previous: &str, current: &str, has_bonus: bool) {
    let section = json!({ "kinds": { SPIN_UP: HASH }, "weights_version": 2 });
    let mut batches = start_with(section);
    batch_of_cycle(&mut batches, Some(0), previous);
    batch_of_cycle(&mut batches, Some(CYCLE), current);
    assert_bonus(&mut batches, previous, current, has_bonus);
}

fn assert_bonus(batches: &mut Batches, previous: &str, current: &str, has_bonus: bool) {
    let over = emitted(batches, "horde_batch_over").remove(0);
    let bonus: f64 = if has_bonus { 1.05 } else { 1.0 };
    assert_eq!(
        over["jobs"][0]["bonus_bits"],
        bonus.to_bits(),
        "{previous}, then {current}"
    );
}

/// A restart of the host or a fault of a bucket must not look like another manifest, and hides none.
#[test]
fn interrupted_and_excused_jobs_earn_no_bonus() {
    for (previous, current, has_bonus) in [
        ("iiii", "rrrr", false),
        ("rriiee", "rrrrrr", false),
        ("rrrrrr", "rrriie", false),
        ("rriidd", "rrrrrr", true),
        ("rrrrrr", "rriddd", true),
        ("riiiii", "rrri", false),
        ("rri", "rrrrrr", true),
    ] {
        check_bonus(previous, current, has_bonus);
    }
}

/// A pool of prompts that runs short must not look like another manifest, and hides none.
#[test]
fn jobs_that_were_not_made_earn_no_bonus() {
    for (previous, current, has_bonus) in [
        ("rr", "rn", false),
        ("rn", "rr", false),
        ("rrrr", "rdnn", false),
        ("rrrr", "rddn", true),
        ("rddn", "rrrr", true),
    ] {
        check_bonus(previous, current, has_bonus);
    }
}

/// A limit that moves must not look like another manifest, and hides none.
#[test]
fn limits_that_move_earn_no_bonus() {
    for (limit_before, previous, limit, current, has_bonus) in [
        (2, "rrll", 4, "rrrr", false),
        (4, "rrrr", 2, "rrll", false),
        (2, "rrll", 4, "rrrrll", false),
        (2, "rr", 4, "rrrr", true),
        (4, "rrrr", 2, "rr", true),
        (2, "rrll", 4, "rddd", true),
        (2, "rrll", 2, "rdll", true),
    ] {
        let section = json!({
            "kinds": { SPIN_UP: HASH },
            "weights_version": 2,
            "max_executors_per_class": { SPIN_UP: limit_before },
        });
        let mut batches = start_with(section);
        batch_of_cycle(&mut batches, Some(0), previous);
        let dynamic = json!({
            "weights_version": 2,
            "miner_max_executors_per_class": { SPIN_UP: limit },
        });
        batches.event("horde_dynamic_config", dynamic);
        batch_of_cycle(&mut batches, Some(CYCLE), current);
        assert_bonus(&mut batches, previous, current, has_bonus);
    }
}

#[test]
fn results_for_scorers_are_without_bonus() {
    let section = json!({ "kinds": { SPIN_UP: HASH }, "weights_version": 2 });
    let mut batches = start_with(section);
    batch_of_cycle(&mut batches, Some(0), "rddd");
    batches.emitted();
    batch_of_cycle(&mut batches, Some(CYCLE), "rrrr");
    let over = emitted(&mut batches, "horde_batch_over").remove(0);
    assert_eq!(over["cycle_start"], CYCLE);
    assert_eq!(over["jobs"][0]["score_bits"], 2.0_f64.to_bits());
}

#[test]
fn batch_of_a_cycle_outlives_batches_without() {
    let mut batches = start();
    batch_of_cycle(&mut batches, Some(0), "r");
    for _ in 0..10 {
        run_batch(&mut batches, 1);
        link_down(&mut batches, 0, "refused");
    }
    let mut reports = batches.stored();
    reports.retain(|key, _| key.starts_with("finished/"));
    assert_eq!(reports.len(), 8);
    assert!(reports.values().any(|report| report["cycle_start"] == 0));
}
