//! A batch of a whole subnet: 256 miners with 10 executors each.

use horde_events::MinerReport;

use super::*;

const MINERS: u8 = 255;
const EXECUTORS: u32 = 10;
const JOBS: usize = MINERS as usize * EXECUTORS as usize;

/// Bytes that are stored, by the first part of their key.
fn stored_bytes(batches: &Batches, prefix: &str) -> usize {
    let stored = batches.stored();
    let of_prefix = stored.iter().filter(|(key, _)| key.starts_with(prefix));
    of_prefix.map(|(_, value)| value.to_string().len()).sum()
}

#[test]
fn work_for_one_result_does_not_grow_with_the_batch() {
    let mut batches = start();
    let ticket = run_batch(&mut batches, MINERS);
    for number in 0..MINERS {
        link_up(&mut batches, number, &[(SPIN_UP, EXECUTORS)]);
    }
    let jobs = answer_asks(&mut batches);
    assert_eq!(jobs.len(), JOBS);
    let records = batches.stored();
    for job in &jobs {
        job_over(&mut batches, job, &finished("answer"));
    }
    let after = batches.stored();
    let is_new = |key: &String| !records.contains_key(key);
    assert_eq!(after.keys().filter(|key| is_new(key)).count(), 2 * JOBS);
    assert!(
        records.iter().all(|(key, value)| after[key] == *value),
        "no record of the batch was written again"
    );
    assert!(stored_bytes(&batches, "result/") < JOBS * 400);
    assert_eq!(check_answers(&mut batches, &right()), JOBS);
    let (code, report) = end(&batches, ticket);
    assert_eq!((code, report.miners.len()), (0, usize::from(MINERS)));
    let is_whole = |miner: &MinerReport| miner.classes[0].right == EXECUTORS;
    assert!(report.miners.iter().all(is_whole));
    assert!(left(&batches).is_empty());
    let labels = [("executor_class", SPIN_UP), ("result", "right")];
    assert_eq!(batches.metric("jobs", &labels), Some(JOBS as f64));
}

#[test]
fn jobs_are_shuffled() {
    let mut batches = start();
    run_batch(&mut batches, 50);
    for number in 0..50 {
        link_up(&mut batches, number, &[(SPIN_UP, 1)]);
    }
    let mut jobs: Vec<_> = answer_asks(&mut batches)
        .into_iter()
        .map(|job| job.uuid)
        .collect();
    let group = emitted(&mut batches, "horde_group_wanted").remove(0);
    let planned = group["jobs"].as_array().unwrap().iter();
    let planned: Vec<_> = planned.map(|job| job["uuid"].as_str().unwrap()).collect();
    jobs.sort();
    assert_ne!(jobs, planned);
    let mut sorted = planned.clone();
    sorted.sort_unstable();
    assert_eq!(jobs, sorted, "each job once");
}
