//! Batches of cycles: begun once, or missed once.

use super::*;

const CYCLE: u64 = 722;

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 3_600_000;

fn due_in(batches: &Batches, cycle_start: u64, wait_ms: u64) -> Value {
    let until_ms = batches.now_ms() + wait_ms;
    due_event(cycle_start, until_ms, 1)
}

/// The codes and cycles of batches that were missed since the last call.
fn missed(batches: &mut Batches) -> Vec<(String, u64)> {
    let missed = emitted(batches, "horde_batch_missed").into_iter();
    let missed = missed.map(|missed| serde_json::from_value::<BatchMissed>(missed).unwrap());
    missed
        .map(|missed| {
            assert_eq!(missed.block, Some(7));
            (missed.code, missed.cycle_start)
        })
        .collect()
}

/// First block of the cycle of the batch that is under way.
fn running_cycle(batches: &Batches) -> Option<u64> {
    let batch = batches.extension().current.as_ref();
    batch.expect("a batch is under way").head.cycle_start
}

fn is_idle(batches: &Batches) -> bool {
    batches.extension().current.is_none()
}

#[test]
fn due_batch_asks_for_links_at_once() {
    let mut batches = start();
    let due = due_in(&batches, CYCLE, 48_000);
    batches.event("horde_batch_due", due);
    let links = emitted(&mut batches, "horde_links_wanted");
    assert_eq!(links[0]["miners"], arguments(1)["miners"]);
    assert_eq!(batches.unfinished(), 1);
    link_up(&mut batches, 0, &[(SPIN_UP, 1)]);
    for job in answer_asks(&mut batches) {
        job_over(&mut batches, &job, &finished("x"));
    }
    let name = batch_name(&batches);
    let uuid = emitted(&mut batches, "horde_answer_given")[0]["uuid"].clone();
    let checked = checked_event(&name, uuid.as_str().unwrap(), &right());
    batches.event("horde_answer_checked", checked);
    let over = emitted(&mut batches, "horde_batch_over");
    assert_eq!(
        (&over[0]["cycle_start"], &over[0]["is_whole"]),
        (&json!(CYCLE), &json!(true))
    );
    assert_eq!(batches.progress(), [], "nobody has called");
    assert_eq!(batches.finished(Ticket::NONE), None);
    let keys: Vec<_> = left(&batches).into_keys().collect();
    assert_eq!(keys, ["newest_cycle"]);
}

#[test]
fn cycle_has_one_batch() {
    let mut batches = start();
    let due = due_in(&batches, CYCLE, 48_000);
    batches.event("horde_batch_due", due.clone());
    let name = batch_name(&batches);
    batches.event("horde_batch_due", due.clone());
    batches.kill();
    batches.event("horde_batch_due", due.clone());
    assert_eq!(batch_name(&batches), name);
    link_down(&mut batches, 0, "refused");
    batches.event("horde_batch_due", due.clone());
    assert!(is_idle(&batches));
    // Its report is gone, too.
    let report = batches
        .stored()
        .into_keys()
        .find(|key| key.starts_with("finished/"));
    batches.store(&report.unwrap(), "{");
    batches.kill();
    batches.event("horde_batch_due", due);
    let earlier = due_in(&batches, 0, 48_000);
    batches.event("horde_batch_due", earlier);
    assert!(is_idle(&batches));
    assert_eq!(missed(&mut batches), []);
}

/// A store of before there were batches of cycles knows them by reports alone.
#[test]
fn report_of_a_cycle_stands_for_its_batch() {
    let mut batches = start();
    let due = due_in(&batches, CYCLE, 48_000);
    batches.event("horde_batch_due", due.clone());
    link_down(&mut batches, 0, "refused");
    batches.store("newest_cycle", "{");
    batches.kill();
    batches.event("horde_batch_due", due);
    assert!(is_idle(&batches));
}

#[test]
fn due_batch_waits_until_another_is_over() {
    for ending in ["none", "kill", "restart", "reload"] {
        let mut batches = start();
        let ticket = run_batch(&mut batches, 1);
        let due = due_in(&batches, CYCLE, 48_000);
        batches.event("horde_batch_due", due.clone());
        assert_eq!(running_cycle(&batches), None);
        match ending {
            "kill" => batches.kill(),
            "restart" => batches.restart(),
            "reload" => batches.reload(),
            _ => {}
        }
        batches.advance_ms(RESUME_DELAY_MS);
        batches.event("horde_batch_due", due);
        let status = batches.request("GET", "/horde/batch", &[], "").unwrap();
        let status: Value = serde_json::from_slice(&status.body).unwrap();
        assert_eq!(status["due"]["cycle_start"], CYCLE, "{ending}");
        link_down(&mut batches, 0, "refused");
        assert!(batches.finished(ticket).is_some());
        batches.advance_ms(RESUME_DELAY_MS);
        assert_eq!(running_cycle(&batches), Some(CYCLE), "{ending}");
        assert!(!batches.stored().contains_key("due"));
        batches.advance_ms(47_000);
        assert_eq!(missed(&mut batches), [], "{ending}");
    }
}

#[test]
fn due_batch_begins_after_a_kill_at_the_others_end() {
    let mut batches = start();
    run_batch(&mut batches, 1);
    let due = due_in(&batches, CYCLE, 48_000);
    batches.event("horde_batch_due", due);
    link_down(&mut batches, 0, "refused");
    batches.kill();
    let error = batches.command("run_batch", &arguments(1)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("the batch of the cycle at block 722 is about to begin"),
        "{text}"
    );
    batches.advance_ms(RESUME_DELAY_MS);
    assert_eq!(running_cycle(&batches), Some(CYCLE));
}

#[test]
fn batch_that_waits_for_too_long_is_missed() {
    for is_killed in [false, true] {
        let mut batches = start();
        run_batch(&mut batches, 1);
        let due = due_in(&batches, CYCLE, 20_000);
        batches.event("horde_batch_due", due.clone());
        if is_killed {
            batches.kill();
        }
        batches.advance_ms(20_000);
        assert_eq!(missed(&mut batches), []);
        batches.advance_ms(RESUME_DELAY_MS);
        assert_eq!(missed(&mut batches), [("busy".to_owned(), CYCLE)]);
        link_down(&mut batches, 0, "refused");
        batches.advance_ms(1_000);
        batches.event("horde_batch_due", due);
        assert!(is_idle(&batches));
        assert_eq!(missed(&mut batches), []);
        assert_eq!(batches.metric("missed", &[("code", "busy")]), Some(1.0));
    }
}

#[test]
fn due_batch_of_a_past_slot_is_overslept() {
    let mut batches = start();
    let until_ms = batches.now_ms() - 1;
    let due = due_event(CYCLE, until_ms, 1);
    batches.event("horde_batch_due", due.clone());
    batches.event("horde_batch_due", due);
    assert!(is_idle(&batches));
    assert_eq!(missed(&mut batches), [("overslept".to_owned(), CYCLE)]);
}

#[test]
fn host_that_was_down_oversleeps_the_batch_that_waits() {
    let mut batches = start();
    run_batch(&mut batches, 1);
    let due = due_in(&batches, CYCLE, 20_000);
    batches.event("horde_batch_due", due);
    link_down(&mut batches, 0, "refused");
    // Down for longer than the slot: what was stored says so.
    let mut waiting = batches.stored()["due"].clone();
    waiting["since_ms"] = json!(batches.now_ms() - 60_000);
    waiting["due"]["until_ms"] = json!(batches.now_ms() - 40_000);
    batches.store("due", waiting.to_string());
    batches.kill();
    batches.advance_ms(RESUME_DELAY_MS);
    assert!(is_idle(&batches));
    assert_eq!(missed(&mut batches), [("overslept".to_owned(), CYCLE)]);
}

/// The time until the end of the slot is then without meaning, and would let a batch begin a day later.
#[test]
fn clock_set_back_begins_no_batch_outside_its_slot() {
    let mut batches = start();
    let due = due_in(&batches, CYCLE, DAY_MS);
    batches.event("horde_batch_due", due);
    assert!(is_idle(&batches));
    assert_eq!(missed(&mut batches), [("overslept".to_owned(), CYCLE)]);

    for (cycle, set_back_ms) in [(2 * CYCLE, DAY_MS), (3 * CYCLE, 60_000)] {
        run_batch(&mut batches, 1);
        let due = due_in(&batches, cycle, 48_000);
        batches.event("horde_batch_due", due);
        link_down(&mut batches, 0, "refused");
        batches.set_back_ms(set_back_ms);
        batches.kill();
        batches.advance_ms(RESUME_DELAY_MS);
        assert!(is_idle(&batches));
        assert_eq!(missed(&mut batches), [("overslept".to_owned(), cycle)]);
    }
}

#[test]
fn newer_cycle_replaces_the_one_that_waits() {
    let mut batches = start();
    run_batch(&mut batches, 1);
    for cycle in [CYCLE, 2 * CYCLE] {
        let due = due_in(&batches, cycle, 48_000);
        batches.event("horde_batch_due", due);
    }
    assert_eq!(missed(&mut batches), [("busy".to_owned(), CYCLE)]);
    link_down(&mut batches, 0, "refused");
    batches.advance_ms(0);
    assert_eq!(running_cycle(&batches), Some(2 * CYCLE));
}

#[test]
fn subnet_without_miners_ends_the_batch_at_once() {
    let mut batches = start();
    let due = due_event(CYCLE, batches.now_ms() + 1, 0);
    batches.event("horde_batch_due", due);
    assert!(is_idle(&batches));
    let over = emitted(&mut batches, "horde_batch_over");
    assert_eq!(
        (&over[0]["cycle_start"], &over[0]["is_whole"]),
        (&json!(CYCLE), &json!(false))
    );
}
