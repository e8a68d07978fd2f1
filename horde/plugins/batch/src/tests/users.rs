//! Executors that run users' jobs are not tested.

use super::*;

fn group(uuids: &[&str], is_organic: bool) -> Value {
    let job = |uuid: &&str| json!({ "uuid": uuid, "hotkey": hotkey(0), "executor_class": SPIN_UP, "timeout_seconds": 300, "spin_up_seconds": 240 });
    let jobs: Vec<_> = uuids.iter().map(job).collect();
    json!({ "group": "g", "jobs": jobs, "is_organic": is_organic })
}

/// The user's job `uuid` is over.
fn end_user_job(batches: &mut Batches, uuid: &str) {
    let job = TestJob {
        uuid: uuid.to_owned(),
        hotkey: hotkey(0),
    };
    batches.event("horde_job_over", over_event("g", &job, &finished("x")));
}

/// A batch of one miner with three executors; its report, and the number of jobs.
fn run_to_end(batches: &mut Batches) -> (BatchReport, usize) {
    let ticket = run_batch(batches, 1);
    batches.emitted();
    link_up(batches, 0, &[(SPIN_UP, 3)]);
    let jobs = answer_asks(batches);
    for job in &jobs {
        job_over(batches, job, &finished("x"));
    }
    if !jobs.is_empty() {
        check_answers(batches, &right());
    }
    (end(batches, ticket).1, jobs.len())
}

#[test]
fn executors_of_users_are_left_out_and_noted() {
    let mut batches = start();
    batches.event("horde_group_wanted", group(&["a", "b"], true));
    batches.event("horde_group_wanted", group(&["a", "b"], true));
    batches.event("horde_group_wanted", group(&["c", "d"], false));
    let (report, jobs) = run_to_end(&mut batches);
    assert_eq!(jobs, 1);
    let row = &report.miners[0].classes[0];
    assert_eq!((row.announced, row.user_jobs, row.right), (3, 2, 1));
    assert_eq!(row.reason, None);
    assert_eq!(
        report.notes[0].text,
        "2 executors run users' jobs and are not tested"
    );

    end_user_job(&mut batches, "a");
    batches.reload();
    assert_eq!(run_to_end(&mut batches).1, 2, "the other one still runs");
    end_user_job(&mut batches, "b");
    let (report, jobs) = run_to_end(&mut batches);
    assert_eq!((jobs, report.notes.len()), (3, 0));
}

#[test]
fn miner_whose_executors_users_have_is_not_blamed() {
    let mut batches = start();
    batches.event("horde_group_wanted", group(&["a", "b", "c"], true));
    let (report, jobs) = run_to_end(&mut batches);
    assert_eq!((jobs, report.end), (0, BatchEnd::NoExecutor));
    let reason = report.miners[0].classes[0].reason.as_deref();
    assert_eq!(reason, Some("3 of its executors run users' jobs"));
}

/// A kill ends users' jobs, and what is said to be over late counts no more.
#[test]
fn user_job_counts_for_its_time_only() {
    let mut batches = start();
    batches.event("horde_group_wanted", group(&["a"], true));
    batches.advance_ms((300 + 240 + 180) * 1000 - 1);
    assert_eq!(run_to_end(&mut batches).1, 2);
    batches.advance_ms(1);
    assert_eq!(run_to_end(&mut batches).1, 3);
    batches.event("horde_group_wanted", group(&["b"], true));
    batches.kill();
    assert_eq!(run_to_end(&mut batches).1, 3);
}

/// Otherwise each user's job would make the manifest look changed, twice.
#[test]
fn user_jobs_earn_no_bonus() {
    let section = json!({ "kinds": { SPIN_UP: HASH }, "weights_version": 2 });
    let jobs = jobs_without_bonus(section, &["a", "b"], 3);
    assert_eq!(jobs, [3, 1, 3]);
}

/// Otherwise a miner could order such a job itself in every other cycle.
#[test]
fn user_jobs_beyond_the_limit_earn_no_bonus() {
    let limits = json!({ SPIN_UP: 2 });
    let section = json!({ "kinds": { SPIN_UP: HASH }, "weights_version": 2, "max_executors_per_class": limits });
    let jobs = jobs_without_bonus(section, &["a"], 4);
    assert_eq!(jobs, [2, 2, 2]);
}

/// Users had all executors of the first cycle, and half of them are gone in the second one.
#[test]
fn fewer_executors_than_users_had_earn_the_bonus() {
    let section = json!({ "kinds": { SPIN_UP: HASH }, "weights_version": 2 });
    let mut batches = start_with(section);
    let users = ["a", "b", "c", "d"];
    batches.event("horde_group_wanted", group(&users, true));
    let mut bonuses = Vec::new();
    for (cycle, executors) in [(0, 4), (722, 2)] {
        let due = due_event(cycle, batches.now_ms() + 1_000, 2);
        batches.event("horde_batch_due", due);
        batches.emitted();
        link_up(&mut batches, 0, &[(SPIN_UP, executors)]);
        link_up(&mut batches, 1, &[(SPIN_UP, 1)]);
        for job in answer_asks(&mut batches) {
            job_over(&mut batches, &job, &finished("x"));
        }
        check_each_answer(&mut batches);
        for uuid in users {
            end_user_job(&mut batches, uuid);
        }
        let over = emitted(&mut batches, "horde_batch_over").remove(0);
        let mut jobs = over["jobs"].as_array().unwrap().clone();
        jobs.retain(|job| job["hotkey"] == hotkey(0));
        let bits = jobs.iter().map(|job| job["bonus_bits"].as_u64().unwrap());
        bonuses.push(bits.map(f64::from_bits).collect::<Vec<_>>());
    }
    assert_eq!(bonuses, [vec![], vec![1.05, 1.05]]);
}

/// The note, the reasons of the rows and the numbers of users' jobs say the same.
#[test]
fn user_jobs_beyond_the_limit_are_not_noted() {
    for (limit, jobs) in [(2, 2), (0, 0)] {
        let limits = json!({ SPIN_UP: limit });
        let kinds = json!({ SPIN_UP: HASH });
        let section = json!({ "kinds": kinds, "max_executors_per_class": limits });
        let mut batches = start_with(section);
        batches.event("horde_group_wanted", group(&["a"], true));
        let ticket = run_batch(&mut batches, 1);
        batches.emitted();
        link_up(&mut batches, 0, &[(SPIN_UP, 4)]);
        let made = answer_asks(&mut batches);
        assert_eq!(made.len(), jobs);
        for job in &made {
            job_over(&mut batches, job, &finished("x"));
        }
        if jobs > 0 {
            check_answers(&mut batches, &right());
        }
        let report = end(&batches, ticket).1;
        assert_eq!(report.notes, [], "{limit}");
        let row = &report.miners[0].classes[0];
        assert_eq!((row.user_jobs, row.reason.as_deref()), (0, None), "{limit}");
    }
}

/// What keeps a miner from its jobs is not that users have another miner's executors.
#[test]
fn note_of_users_is_no_reason_for_others() {
    let mut batches = start();
    batches.event("horde_group_wanted", group(&["a"], true));
    let ticket = run_batch(&mut batches, 2);
    batches.emitted();
    for number in [0, 1] {
        link_up(&mut batches, number, &[(SPIN_UP, 1)]);
    }
    let wanted = emitted(&mut batches, "horde_jobs_wanted").remove(0);
    let (mut made, _) = jobs_made(&wanted);
    made["jobs"] = json!([]);
    let shortage = "the pool has no more samples";
    made["shortage"] = json!(shortage);
    batches.event("horde_jobs_made", made);
    let report = end(&batches, ticket).1;
    let row = |number: usize| report.miners[number].classes[0].reason.as_deref();
    assert_eq!(row(0), Some("1 of its executors run users' jobs"));
    assert_eq!(row(1), Some(shortage));
}

/// Runs three cycles of one miner with so many executors, which run users' jobs in the second one. Returns the numbers of jobs.
fn jobs_without_bonus(section: Value, user_jobs: &[&str], executors: u32) -> Vec<usize> {
    let mut batches = start_with(section);
    let mut counts = Vec::new();
    for (cycle, user_jobs) in [(0, &[][..]), (722, user_jobs), (1444, &[])] {
        batches.event("horde_group_wanted", group(user_jobs, true));
        let due = due_event(cycle, batches.now_ms() + 1_000, 1);
        batches.event("horde_batch_due", due);
        batches.emitted();
        link_up(&mut batches, 0, &[(SPIN_UP, executors)]);
        for job in answer_asks(&mut batches) {
            job_over(&mut batches, &job, &finished("x"));
        }
        check_each_answer(&mut batches);
        for uuid in user_jobs {
            end_user_job(&mut batches, uuid);
        }
        let over = emitted(&mut batches, "horde_batch_over").remove(0);
        let jobs = over["jobs"].as_array().unwrap();
        let bonus = 1.0_f64.to_bits();
        assert!(
            jobs.iter().all(|job| job["bonus_bits"] == bonus),
            "cycle {cycle}"
        );
        counts.push(jobs.len());
    }
    counts
}
