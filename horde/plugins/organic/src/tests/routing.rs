//! Which miner gets a job whose user leaves the choice.

use super::*;

/// The miner of the only job under way.
fn chosen(world: &mut World) -> Value {
    let report = world.report();
    report["jobs"][0]["attempts"][0]["address"]["hotkey"].clone()
}

fn batch_wants(miner: u8, ask: u64, count: u32) -> Value {
    json!({
        "ask": ask, "batch": "batch-1", "kind": "k", "executor_class": CLASS, "weights_version": 1,
        "miners": [{ "hotkey": hotkey(miner), "count": count }],
    })
}

fn group(group: &str, miner: u8, uuids: &[u64]) -> Value {
    let jobs: Vec<Value> = uuids
        .iter()
        .map(|number| {
            json!({
                "uuid": uuid(*number), "hotkey": hotkey(miner), "executor_class": CLASS, "timeout_seconds": 1,
                "spin_up_seconds": 2,
            })
        })
        .collect();
    json!({ "group": group, "jobs": jobs, "is_organic": false })
}

#[test]
fn no_miner_is_a_reason() {
    let mut world = start();
    world.request(&v2(1, START_MS));
    world.assert_status("rejected", "no miner that serves has shown a manifest");
    world.0.event("horde_miner_link", up(1, SPIN_UP, 1));
    world.request(&v2(2, START_MS));
    world.assert_status(
        "rejected",
        &format!("no miner has announced an executor of class {CLASS}"),
    );
    // Miner 30 has a manifest, and does not serve.
    world.0.event("horde_miner_link", up(30, CLASS, 1));
    world.request(&v2(3, START_MS));
    world.assert_status("rejected", "no miner has announced");
}

#[test]
fn old_manifest_does_not_count() {
    let mut world = start();
    world.up(1, 1);
    let four_hours_ms = 4 * 3_600_000;
    world.0.advance_ms(four_hours_ms);
    world.serve(&[1]);
    world.request(&v2(1, START_MS + four_hours_ms));
    assert_eq!(chosen(&mut world), json!(hotkey(1)));
    world.0.advance_ms(1);
    world.0.emitted();
    world.request(&v2(2, START_MS + four_hours_ms));
    world.assert_status("rejected", "has shown a manifest in the last 4 hours");
}

#[test]
fn executor_has_one_job_of_a_user() {
    let mut world = start();
    world.up(1, 2);
    for number in 1..=3 {
        world.request(&v2(number, START_MS));
    }
    world.assert_status("rejected", "all executors of class");
    world.up(1, 2);
    assert!(world.all_asked().len() == 2);
}

#[test]
fn executors_of_a_batch_are_in_use_until_it_is_over() {
    let mut world = start();
    world.up(1, 2);
    world.0.event("horde_jobs_wanted", batch_wants(1, 1, 2));
    world.request(&v2(1, START_MS));
    world.assert_status("rejected", "all executors of class");
    // The batch gets fewer jobs than it has asked for.
    world
        .0
        .event("horde_group_wanted", group("batch-1", 1, &[100]));
    world.request(&v2(2, START_MS));
    assert!(world.statuses().is_empty());
    world.request(&v2(3, START_MS));
    world.assert_status("rejected", "all executors of class");
    world.0.event(
        "horde_job_over",
        over(&uuid(100), &hotkey(1), &finished(), true),
    );
    world.request(&v2(4, START_MS));
    assert!(world.statuses().is_empty());
}

#[test]
fn batch_that_is_over_frees_its_executors() {
    let mut world = start();
    world.up(1, 1);
    world.0.event("horde_jobs_wanted", batch_wants(1, 1, 1));
    let over = json!({ "batch": "batch-1", "cycle_start": null, "is_whole": false, "jobs": [] });
    world.0.event("horde_batch_over", over);
    world.request(&v2(1, START_MS));
    assert!(world.statuses().is_empty());
}

#[test]
fn miner_that_has_failed_comes_later() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &declined());
    world.up(2, 1);
    world.statuses();
    for number in 2..8 {
        world.request(&v2(number, START_MS));
        assert_eq!(chosen(&mut world), json!(hotkey(2)));
        world.up(2, 1);
        let asked = world.asked();
        world.over(&asked, &finished());
    }
}

fn fail(world: &mut World, number: u64, miner: u8) {
    let asked = world.asked_v1(number, miner);
    world.over(&asked, &json!({ "outcome": "late", "step": "accept" }));
    world.statuses();
}

#[test]
fn third_failure_blocks_a_miner_for_a_time() {
    let mut world = start();
    for number in 1..=3 {
        fail(&mut world, number, 1);
    }
    let report = world.report();
    assert_eq!(report["miners"][0]["failures"], 3);
    assert_eq!(report["miners"][0]["block"]["until_ms"], START_MS + 600_000);
    world.kill();
    world.request(&v2(10, START_MS));
    world.assert_status("rejected", "are blocked for a time");
    // A user who names it gets it.
    world.request(&v1(11, 1));
    assert_eq!(world.statuses(), [] as [Value; 0]);
    world.0.advance_ms(600_000);
    world.serve(&[1]);
    world.statuses();
    world.request(&v2(12, START_MS + 600_000));
    assert!(world.statuses().is_empty());
}

#[test]
fn program_of_a_user_blames_no_miner() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(
        &asked,
        &json!({ "outcome": "failed", "exit_status": 1, "stdout": "", "stderr": "" }),
    );
    assert_eq!(world.report()["miners"], json!([]));
}

#[test]
fn manifests_live_through_a_restart() {
    let mut world = start();
    world.up(1, 1);
    world.kill();
    world.0.emitted();
    world.serve(&[1]);
    world.request(&v2(1, START_MS));
    assert_eq!(chosen(&mut world), json!(hotkey(1)));
}

#[test]
fn dynamic_config_sets_time_and_attempts() {
    let mut world = start();
    let dynamic = json!({ "organic_job_timeout": 60, "organic_job_max_retries": 1 });
    world.0.event("horde_dynamic_config", dynamic);
    world.kill();
    world.serve(&[1, 2]);
    world.up(1, 1);
    world.up(2, 1);
    world.0.emitted();
    world.request(&v2(1, START_MS));
    world.up(1, 1);
    world.up(2, 1);
    let asked = world.asked();
    assert_eq!(asked.group["jobs"][0]["timeout_seconds"], 60);
    world.over(&asked, &declined());
    world.assert_status("rejected", "declined the job");
}

#[test]
fn forgotten_miners_leave_no_record() {
    let mut world = start();
    world.up(1, 1);
    let has = |world: &World| {
        world
            .0
            .stored()
            .contains_key(&format!("miner/{}", hotkey(1)))
    };
    assert!(has(&world));
    world.0.advance_ms(4 * 3_600_000 + 1);
    world.0.update();
    assert!(!has(&world));
}

#[test]
fn attempt_without_a_link_frees_its_executor() {
    let mut world = start();
    world.up(1, 1);
    world.request(&v1(1, 1));
    world.request(&v2(2, START_MS));
    world.assert_status("rejected", "all executors of class");
    world.0.event("horde_miner_link", down(1));
    world.assert_status("failed", "could not be reached");
    world.request(&v2(3, START_MS));
    assert!(world.statuses().is_empty());
}
