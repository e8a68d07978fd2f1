//! Kill, rebuild and reload at each step: a batch goes on, and each job has one result.

use super::*;

/// How an instance ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    /// The host is killed.
    Kill,
    /// The instance is rebuilt from storage, as after a panic.
    Restart,
    /// Another version takes over.
    Reload,
}

const ENDINGS: [Ending; 3] = [Ending::Kill, Ending::Restart, Ending::Reload];

impl Ending {
    /// Ends the instance; what it had begun is begun anew where nothing was handed over.
    fn happen(self, batches: &mut Batches) {
        // Events that are not durable die with the host, and their senders say them again.
        match self {
            Self::Kill => batches.kill(),
            Self::Restart => batches.restart(),
            Self::Reload => batches.reload(),
        }
        assert_eq!(batches.unfinished(), 1, "a drain waits for the batch");
        batches.advance_ms(RESUME_DELAY_MS);
    }

    fn begins_anew(self) -> bool {
        self != Self::Reload
    }
}

fn check_end(batches: &mut Batches, ticket: Ticket, jobs: u32) {
    let (code, report) = end(batches, ticket);
    assert_eq!((code, report.end), (0, BatchEnd::Stored));
    let rows: Vec<_> = report
        .miners
        .iter()
        .flat_map(|miner| &miner.classes)
        .collect();
    assert_eq!(rows.iter().map(|row| row.jobs).sum::<u32>(), jobs);
    assert_eq!(rows.iter().map(|row| row.right).sum::<u32>(), jobs);
    assert!(left(batches).is_empty());
    batches.emitted();
    batches.kill();
    batches.advance_ms(60_000);
    let mut events = batches.emitted();
    events.retain(|(name, _)| name != "horde_links_wanted");
    assert!(events.is_empty(), "nothing is left to do");
    assert_eq!(batches.unfinished(), 0);
}

/// The event that lets the links go is lost with the host, which has stored that they are wanted.
#[test]
fn links_are_let_go_after_a_kill_at_the_end() {
    let mut batches = start();
    let ticket = run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[]);
    let (_, report) = end(&batches, ticket);
    assert_eq!(report.end, BatchEnd::NoExecutor);
    batches.emitted();
    batches.kill();
    let links = emitted(&mut batches, "horde_links_wanted");
    assert_eq!(links, [json!({ "holder": "horde_batch", "miners": [] })]);
}

#[test]
fn manifests_are_asked_for_once_more() {
    for ending in ENDINGS {
        let mut batches = start();
        let ticket = run_batch(&mut batches, 2);
        let before = batch_name(&batches);
        link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
        batches.emitted();
        ending.happen(&mut batches);
        assert_eq!(batch_name(&batches), before);
        let links = emitted(&mut batches, "horde_links_wanted");
        assert_eq!(!links.is_empty(), ending.begins_anew(), "{ending:?}");
        if ending.begins_anew() {
            link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
        }
        link_up(&mut batches, 1, &[(SPIN_UP, 1)]);
        let jobs = answer_asks(&mut batches);
        for job in &jobs {
            job_over(&mut batches, job, &finished("x"));
        }
        check_answers(&mut batches, &right());
        check_end(&mut batches, ticket, 2);
    }
}

#[test]
fn deadline_of_manifests_holds_after_each_ending() {
    for ending in ENDINGS {
        let mut batches = start();
        let ticket = run_batch(&mut batches, 1);
        batches.advance_ms(30_000);
        ending.happen(&mut batches);
        batches.advance_ms(if ending.begins_anew() { 35_999 } else { 5_899 });
        assert_eq!(batches.finished(ticket), None, "{ending:?}");
        batches.advance_ms(1);
        assert_eq!(end(&batches, ticket).0, 20, "{ending:?}");
    }
}

#[test]
fn jobs_are_asked_for_once_more() {
    for ending in ENDINGS {
        let mut batches = start();
        let ticket = run_batch(&mut batches, 1);
        link_up(&mut batches, 0, &[(SPIN_UP, 100)]);
        let wanted = emitted(&mut batches, "horde_jobs_wanted");
        let (early, mut jobs) = jobs_made(&wanted[0]);
        batches.event("horde_jobs_made", early);
        ending.happen(&mut batches);
        // The rest of the earlier request comes all the same.
        let (late, late_jobs) = jobs_made(&wanted[1]);
        batches.event("horde_jobs_made", late);
        if ending.begins_anew() {
            jobs = answer_asks(&mut batches);
        } else {
            jobs.extend(late_jobs);
        }
        assert_eq!(jobs.len(), 100);
        for job in &jobs {
            job_over(&mut batches, job, &finished("x"));
        }
        assert_eq!(check_answers(&mut batches, &right()), 100, "{ending:?}");
        check_end(&mut batches, ticket, 100);
    }
}

#[test]
fn jobs_under_way_are_wanted_once_more() {
    for ending in ENDINGS {
        let (mut batches, ticket, jobs) = running(4);
        job_over(&mut batches, &jobs[0], &finished("x"));
        assert_eq!(check_answers(&mut batches, &right()), 1);
        job_over(&mut batches, &jobs[1], &finished("y"));
        batches.emitted();
        ending.happen(&mut batches);
        let events = batches.emitted();
        let of = |name: &str| {
            let found = events.iter().find(|(of, _)| of == name);
            found.map(|(_, event)| event.clone())
        };
        if ending.begins_anew() {
            let group = of("horde_group_wanted").unwrap();
            let planned = group["jobs"].as_array().unwrap();
            assert_eq!(planned.len(), 2, "those without an outcome");
            let given = of("horde_answer_given").unwrap();
            assert_eq!(
                (&given["uuid"], &given["stdout"]),
                (&json!(jobs[1].uuid), &json!("y"))
            );
        } else {
            assert_eq!(events, []);
        }
        let batch = batch_name(&batches);
        // A durable event comes again if the host was killed before it had noted that it was handled.
        job_over(&mut batches, &jobs[0], &finished("x"));
        batches.event(
            "horde_answer_checked",
            checked_event(&batch, &jobs[1].uuid, &right()),
        );
        for job in &jobs[2..] {
            job_over(&mut batches, job, &finished("z"));
        }
        assert_eq!(check_answers(&mut batches, &right()), 2);
        check_end(&mut batches, ticket, 4);
    }
}

#[test]
fn deadline_of_verdicts_holds_after_each_ending() {
    for ending in ENDINGS {
        let (mut batches, ticket, jobs) = running(1);
        job_over(&mut batches, &jobs[0], &finished("x"));
        batches.advance_ms(50_000);
        ending.happen(&mut batches);
        batches.advance_ms(if ending.begins_anew() { 59_999 } else { 9_899 });
        assert_eq!(batches.finished(ticket), None, "{ending:?}");
        batches.advance_ms(1);
        let (_, report) = end(&batches, ticket);
        assert_eq!(report.miners[0].classes[0].excused, 1, "{ending:?}");
    }
}

#[test]
fn batch_of_a_host_that_was_down_for_long_ends() {
    let (mut batches, ticket, jobs) = running(2);
    job_over(&mut batches, &jobs[0], &json!({ "outcome": "declined" }));
    batches.advance_ms(60_000);
    batches.set_back_ms(30_000);
    batches.kill();
    batches.advance_ms(20 * 60_000 - 1);
    assert_eq!(end(&batches, ticket).1.end, BatchEnd::TimedOut);
}

#[test]
fn clock_that_went_back_does_not_lengthen_a_batch() {
    let (mut batches, ticket, _) = running(1);
    batches.set_back_ms(365 * 24 * 3_600_000);
    batches.kill();
    batches.advance_ms(20 * 60_000 + RESUME_DELAY_MS);
    assert_eq!(end(&batches, ticket).1.end, BatchEnd::TimedOut);
}

#[test]
fn many_stored_answers_are_given_in_pieces() {
    let (mut batches, ticket, jobs) = running(5);
    let long = "x".repeat(1 << 20);
    for job in &jobs {
        job_over(&mut batches, job, &finished(&long));
    }
    batches.emitted();
    batches.kill();
    batches.advance_ms(RESUME_DELAY_MS);
    assert_eq!(check_answers(&mut batches, &right()), 5, "in two handlers");
    check_end(&mut batches, ticket, 5);
}

#[test]
fn lost_answer_excuses_its_miner() {
    let (mut batches, ticket, jobs) = running(1);
    job_over(&mut batches, &jobs[0], &finished("x"));
    batches.store(&format!("answer/{}", jobs[0].uuid), "{");
    batches.kill();
    batches.advance_ms(RESUME_DELAY_MS);
    let (_, report) = end(&batches, ticket);
    let row = &report.miners[0].classes[0];
    assert_eq!(row.excused, 1);
    assert_eq!(
        row.reason.as_deref(),
        Some("its stored answer could not be read")
    );
}

/// The last answer is found lost after all others have their verdicts: nothing else would end the batch before the deadline.
#[test]
fn lost_last_answer_ends_the_batch() {
    let (mut batches, ticket, mut jobs) = running(5);
    let long = "x".repeat(1 << 20);
    for job in &jobs {
        job_over(&mut batches, job, &finished(&long));
    }
    jobs.sort_by(|one, other| one.uuid.cmp(&other.uuid));
    batches.store(&format!("answer/{}", jobs[4].uuid), "{");
    batches.kill();
    batches.emitted();
    batches.try_next_timer().unwrap();
    assert_eq!(check_answers(&mut batches, &right()), 4);
    assert_eq!(batches.finished(ticket), None);
    batches.advance_ms(0);
    let (code, report) = end(&batches, ticket);
    let excused = report.miners.iter().map(|miner| miner.classes[0].excused);
    assert_eq!((code, excused.sum::<u32>()), (0, 1));
}

#[test]
fn records_without_a_head_are_deleted() {
    let (mut batches, _, jobs) = running(1);
    job_over(&mut batches, &jobs[0], &finished("x"));
    batches.store("batch", "{}");
    batches.kill();
    let keys: Vec<_> = batches.stored().into_keys().collect();
    assert_eq!(keys, ["damaged/batch"]);
    run_batch(&mut batches, 1);
}

#[test]
fn batch_whose_jobs_are_lost_is_not_whole() {
    let (mut batches, ticket, _) = running(1);
    batches.store("jobs/0000", "[");
    batches.kill();
    batches.advance_ms(RESUME_DELAY_MS);
    let (code, report) = end(&batches, ticket);
    assert_eq!((code, report.end), (24, BatchEnd::Damaged));
    assert_eq!(
        emitted(&mut batches, "horde_batch_over")[0]["is_whole"],
        false
    );
}

#[test]
fn lost_manifests_are_asked_for_once_more() {
    let mut batches = start();
    let ticket = run_batch(&mut batches, 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
    batches.store("offers", "[");
    batches.kill();
    batches.advance_ms(RESUME_DELAY_MS);
    link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
    for job in answer_asks(&mut batches) {
        job_over(&mut batches, &job, &finished("x"));
    }
    check_answers(&mut batches, &right());
    check_left_only_damage(&batches, ticket);
}

fn check_left_only_damage(batches: &Batches, ticket: Ticket) {
    assert_eq!(end(batches, ticket).0, 0);
    assert!(left(batches).keys().eq(["damaged/offers"]));
}

#[test]
fn each_phase_ends_when_the_batch_is_too_old() {
    let mut batches = start();
    for phase in ["manifests", "making"] {
        let ticket = run_batch(&mut batches, 1);
        if phase == "making" {
            link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
        }
        let mut head = batches.stored()["batch"].clone();
        assert_eq!(head["phase"], phase);
        head["started_ms"] = json!(head["started_ms"].as_u64().unwrap() - 20 * 60_000);
        batches.store("batch", head.to_string());
        batches.kill();
        batches.advance_ms(RESUME_DELAY_MS);
        let (_, report) = end(&batches, ticket);
        assert_eq!((report.end, report.miners.len()), (BatchEnd::TimedOut, 1));
        assert!(left(&batches).is_empty());
    }
}
