//! The bonus for manifests that change, between batches of cycles.

use super::*;

const CYCLE: u64 = 722;

/// A batch of one miner, of a cycle or by command, of which so many jobs are right.
fn batch_of_cycle(
    batches: &mut Batches,
    cycle_start: Option<u64>,
    executors: u32,
    right_count: usize,
) {
    match cycle_start {
        None => drop(run_batch(batches, 1)),
        Some(start) => {
            let until_ms = batches.now_ms() + 48_000;
            batches.event("horde_batch_due", due_event(start, until_ms, 1));
        }
    }
    batches.emitted();
    link_up(batches, 0, &[(SPIN_UP, executors)]);
    for (index, job) in answer_asks(batches).iter().enumerate() {
        let outcome = if index < right_count {
            finished("x")
        } else {
            json!({ "outcome": "declined" })
        };
        job_over(batches, job, &outcome);
    }
    check_each_answer(batches);
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
    for (previous, current, score) in [(1, 1, "2"), (1, 2, "2.1"), (3, 4, "2"), (3, 2, "2.1")] {
        let section = json!({ "kinds": { SPIN_UP: HASH }, "weights_version": 2 });
        let mut batches = start_with(section);
        batch_of_cycle(&mut batches, Some(0), 4, previous);
        assert_eq!(score_text(&mut batches), "2", "nothing to compare with");
        batch_of_cycle(&mut batches, None, 4, 4);
        assert_eq!(
            score_text(&mut batches),
            "2",
            "a batch without a cycle has no bonus"
        );
        batch_of_cycle(&mut batches, Some(CYCLE), 4, current);
        assert_eq!(
            score_text(&mut batches),
            score,
            "{previous}, then {current}"
        );
        batch_of_cycle(&mut batches, Some(3 * CYCLE), 4, 1);
        assert_eq!(score_text(&mut batches), "2", "a cycle was left out");
    }
}

#[test]
fn results_for_scorers_are_without_bonus() {
    let section = json!({ "kinds": { SPIN_UP: HASH }, "weights_version": 2 });
    let mut batches = start_with(section);
    batch_of_cycle(&mut batches, Some(0), 4, 1);
    batches.emitted();
    batch_of_cycle(&mut batches, Some(CYCLE), 4, 4);
    let over = emitted(&mut batches, "horde_batch_over").remove(0);
    assert_eq!(over["cycle_start"], CYCLE);
    assert_eq!(over["jobs"][0]["score_bits"], 2.0_f64.to_bits());
}

#[test]
fn batch_of_a_cycle_outlives_batches_without() {
    let mut batches = start();
    batch_of_cycle(&mut batches, Some(0), 1, 1);
    for _ in 0..10 {
        run_batch(&mut batches, 1);
        link_down(&mut batches, 0, "refused");
    }
    let mut reports = batches.stored();
    reports.retain(|key, _| key.starts_with("finished/"));
    assert_eq!(reports.len(), 8);
    assert!(reports.values().any(|report| report["cycle_start"] == 0));
}
