//! Kills at each step, reloads, damaged records, and a clock that was set back.

use super::*;

#[test]
fn job_killed_while_it_waits_for_the_chain_goes_on() {
    let mut world = start_with(section());
    world.request(&v1(1, 1));
    world.kill();
    world.0.emitted();
    world.0.advance_ms(20);
    world.serve(&[1]);
    assert_eq!(world.events("horde_links_wanted").len(), 1);
    world.up(1, 1);
    let asked = world.asked();
    world.over(&asked, &finished());
    world.assert_status("completed", "finished");
}

#[test]
fn job_killed_while_it_waits_for_a_link_goes_on() {
    let mut world = start();
    world.request(&v1(1, 1));
    world.0.emitted();
    world.kill();
    let lists = world.events("horde_links_wanted");
    assert_eq!(lists[0]["miners"][0]["hotkey"], json!(hotkey(1)));
    world.up(1, 1);
    assert_eq!(world.asked().hotkey, hotkey(1));
}

/// `horde_miners` knows whether it had the job: asked again by the same name, it begins nothing twice.
#[test]
fn job_killed_once_asked_for_is_asked_for_again() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.0.advance_ms(10_000);
    world.kill();
    let lists = world.events("horde_links_wanted");
    assert_eq!(lists[0]["miners"].as_array().unwrap().len(), 1);
    world.up(1, 1);
    let again = world.asked();
    assert_eq!(again.uuid, asked.uuid);
    assert_eq!(again.group["jobs"][0]["timeout_seconds"], 290);
    world.up(1, 1);
    assert!(world.all_asked().is_empty(), "once");
    world.over(&asked, &json!({ "outcome": "interrupted" }));
    world.assert_status("failed", "the validator was restarted");
}

#[test]
fn outcome_that_comes_before_the_link_ends_the_job() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.kill();
    world.over(&asked, &finished());
    world.assert_status("completed", "finished");
    world.up(1, 1);
    assert!(world.all_asked().is_empty());
}

#[test]
fn link_that_is_down_after_a_restart_decides_nothing() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.kill();
    world.0.emitted();
    world.0.event("horde_miner_link", down(1));
    assert_eq!(world.asked().uuid, asked.uuid, "horde_miners decides");
    assert_eq!(world.0.unfinished(), 1);
}

#[test]
fn job_that_is_over_stays_over() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &finished());
    world.statuses();
    world.kill();
    world.0.emitted();
    world.over(&asked, &finished());
    world.request(&v1(1, 1));
    world.up(1, 1);
    assert!(world.0.emitted().is_empty());
}

#[test]
fn deadline_lives_through_a_restart() {
    let mut world = start();
    world.request(&v1(1, 1));
    world.0.advance_ms(30_000);
    world.kill();
    world.0.advance_ms(9_999);
    assert!(world.statuses().is_empty());
    world.0.advance_ms(1);
    world.assert_status("rejected", "no link came up");
}

#[test]
fn deadline_that_is_over_at_a_start_ends_the_job() {
    let mut world = start();
    world.asked_v1(1, 1);
    world.0.advance_ms(305_000);
    world.0.kill();
    world.0.advance_ms(5_000);
    world.assert_status("failed", "did not send the result in time");
}

#[test]
fn reload_asks_for_nothing_twice() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.up(2, 1);
    world.request(&v2(2, START_MS));
    world.0.emitted();
    world.0.reload();
    world.0.advance_ms(20);
    world.up(1, 1);
    assert!(world.all_asked().is_empty());
    assert_eq!(world.0.unfinished(), 2);
    world.over(&asked, &finished());
    world.assert_status("completed", "finished");
    world.request(&v1(3, 1));
    assert_eq!(world.all_asked().len(), 1, "the link is known to be up");
}

/// After a restart in which the instance alone was lost, old timers are still there.
#[test]
fn rebuilt_instance_goes_on() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.0.restart();
    world.0.advance_ms(0);
    world.0.emitted();
    world.up(1, 1);
    assert_eq!(world.asked().uuid, asked.uuid);
    world.over(&asked, &finished());
    world.assert_status("completed", "finished");
}

#[test]
fn damaged_job_is_answered() {
    let mut world = start();
    world.request(&v1(1, 1));
    world.0.store(&format!("job/{}", uuid(1)), "{");
    world.kill();
    world.assert_status("failed", "the record of the job could not be read");
    assert!(world.open_records().is_empty());
    world.request(&v1(1, 1));
    assert!(world.statuses().is_empty());
}

#[test]
fn damaged_request_is_answered() {
    let mut world = start();
    world.request(&v1(1, 1));
    world.0.store(&format!("request/{}", uuid(1)), "{");
    world.kill();
    world.0.emitted();
    world.up(1, 1);
    world.assert_status("failed", "the stored request could not be read");
}

#[test]
fn other_damaged_records_do_not_keep_it_from_starting() {
    let mut world = start();
    world.up(1, 1);
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &finished());
    world.up(2, 1);
    world.request(&v2(2, START_MS));
    for key in world.0.stored().into_keys() {
        world.0.store(&key, "\"nonsense\"");
    }
    world.kill();
    world.request(&v1(3, 1));
    assert_eq!(world.0.unfinished(), 1);
}

#[test]
fn clock_set_back_a_day_delays_nothing() {
    let mut world = start();
    world.request(&v1(1, 1));
    world.0.set_back_ms(86_400_000);
    world.kill();
    world.0.advance_ms(40_000);
    world.assert_status("rejected", "no link came up");
    world.request(&v1(2, 1));
    world.0.advance_ms(50_000);
    assert_eq!(world.statuses().len(), 1);
}

#[test]
fn clock_set_back_keeps_the_reason_of_a_cut_wait() {
    let mut world = start_with_job_seconds(20);
    world.serve(&[1]);
    world.request(&v1(1, 1));
    world.0.set_back_ms(86_400_000);
    world.kill();
    world.0.advance_ms(20_000);
    let reason = "no link came up before the job's time of 20 s was over";
    world.assert_status("rejected", reason);
}

#[test]
fn jobs_that_are_over_are_kept_for_two_days() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &finished());
    let has = |world: &World| world.0.stored().contains_key(&format!("over/{}", uuid(1)));
    world.0.advance_ms(2 * 24 * 3_600_000);
    world.0.update();
    assert!(has(&world));
    world.0.advance_ms(1);
    world.0.update();
    assert!(!has(&world));
}

#[test]
fn report_shows_jobs_and_the_last_hour() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &finished());
    world.0.advance_ms(1_800_000);
    world.serve(&[1, 2]);
    let asked = world.asked_v1(2, 1);
    world.over(&asked, &declined());
    world.request(&v1(3, 2));
    let report = world.report();
    assert_eq!(report["at_ms"], START_MS + 1_800_000);
    assert_eq!(report["jobs"][0]["uuid"], json!(uuid(3)));
    assert_eq!(report["jobs"][0]["phase"], "linking");
    let hour = &report["last_hour"]["jobs"];
    assert_eq!(hour, &json!({ "completed": 1, "failed": 0, "rejected": 1 }));
    assert_eq!(report["miners"][0]["hotkey"], json!(hotkey(1)));
    world.0.advance_ms(1_800_001);
    assert_eq!(world.report()["last_hour"]["jobs"]["completed"], 0);
    world.0.update();
    assert!(world.0.metric("users_jobs", &[]).is_some());
}

/// A whole job with a second attempt, killed after each event and each timer: it ends once, and as it would have.
#[test]
fn kill_at_each_step_leaves_one_status() {
    for killed_at in 0..8 {
        let mut world = start();
        world.up(1, 1);
        world.up(2, 1);
        world.0.emitted();
        let mut statuses = Vec::new();
        let mut attempts: Vec<Asked> = Vec::new();
        for step in 0..8 {
            let last = attempts.last().cloned();
            match (step, last) {
                (0, _) => world.request(&v2(1, START_MS)),
                (1 | 4, _) => {
                    world.up(1, 1);
                    world.up(2, 1);
                }
                (2 | 5, Some(last)) => world.step(&last, "accepted"),
                (3, Some(last)) => world.over(&last, &declined()),
                (6, Some(last)) => world.over(&last, &finished()),
                // A durable event comes twice.
                (_, Some(last)) => world.over(&last, &finished()),
                (_, None) => unreachable!("an attempt was asked for"),
            }
            if step == killed_at {
                world.kill();
            }
            world.0.advance_ms(20);
            if step == 1 || step == 4 {
                // The kill has forgotten that the link is up.
                world.up(1, 1);
                world.up(2, 1);
            }
            for (name, event) in world.0.emitted() {
                if name == "horde_job_status" {
                    statuses.push(event["status"].as_str().unwrap().to_owned());
                } else if name == "horde_group_wanted" {
                    attempts.push(Asked {
                        uuid: event["group"].as_str().unwrap().to_owned(),
                        hotkey: event["jobs"][0]["hotkey"].as_str().unwrap().to_owned(),
                        group: event,
                        made: Value::Null,
                    });
                }
            }
        }
        assert_eq!(statuses, ["accepted", "completed"], "killed at {killed_at}");
    }
}

#[test]
fn drain_finishes_jobs_and_begins_none() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.0.event("drain", json!({}));
    assert_eq!(world.0.unfinished(), 1);
    world.request(&v1(2, 1));
    world.assert_status("rejected", "this validator is about to stop");
    world.over(&asked, &finished());
    assert_eq!(world.statuses()[0]["status"], "completed");
    assert_eq!(world.0.unfinished(), 0);
    // The next process does not drain.
    world.kill();
    world.request(&v1(3, 1));
    assert_eq!(world.0.unfinished(), 1);
}
