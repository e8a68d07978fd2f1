//! A router: it chooses among those that could get the job, in its time; without it the choice is made here.

use super::*;

const ROUTER_MS: u64 = 200;

/// A world with a router, in which miners 1 and 2 could get jobs.
fn with_router() -> World {
    let mut section = section();
    section["router_ms"] = json!(ROUTER_MS);
    let mut world = start_with(section);
    world.serve(&[1, 2, 3]);
    world.up(1, 5);
    world.up(2, 1);
    world.0.emitted();
    world
}

/// The one question since the last look.
#[track_caller]
fn question(world: &mut World) -> Value {
    let mut questions = world.events("horde_miner_wanted");
    assert_eq!(questions.len(), 1, "{questions:?}");
    questions.remove(0)
}

fn choose(world: &mut World, attempt: u32, hotkey: &Value) {
    let answer = json!({ "job": uuid(1), "attempt": attempt, "hotkey": hotkey });
    world.0.event("horde_miner_chosen", answer);
}

/// The miners of the only job's attempts.
fn tried(world: &mut World) -> Vec<Value> {
    let report = world.report();
    let attempts = report["jobs"][0]["attempts"].as_array().unwrap();
    let hotkeys = attempts.iter().map(|it| it["address"]["hotkey"].clone());
    hotkeys.collect()
}

/// A world with a router, which has chosen a miner that declined the job.
fn with_declined_job() -> World {
    let mut world = with_router();
    world.request(&v2(1, START_MS));
    choose(&mut world, 1, &json!(hotkey(2)));
    world.up(2, 1);
    let asked = world.asked();
    world.over(&asked, &declined());
    world
}

#[test]
fn router_chooses_among_candidates() {
    let mut world = with_router();
    world.request(&v2(1, START_MS));
    let mut hotkeys = [(1, 5), (2, 1)].map(|(miner, free)| (hotkey(miner), free));
    hotkeys.sort();
    let candidates =
        hotkeys.map(|(hotkey, free)| json!({ "hotkey": hotkey, "free": free, "demerits": 0 }));
    assert_eq!(
        question(&mut world),
        json!({ "job": uuid(1), "attempt": 1, "executor_class": CLASS, "candidates": candidates })
    );
    assert!(tried(&mut world).is_empty());
    choose(&mut world, 1, &json!(hotkey(2)));
    assert_eq!(tried(&mut world), [hotkey(2)]);
    // One that comes twice, with another choice.
    choose(&mut world, 1, &json!(hotkey(1)));
    choose(&mut world, 2, &json!(hotkey(1)));
    assert_eq!(tried(&mut world), [hotkey(2)]);
}

#[test]
fn router_is_asked_for_each_attempt() {
    let mut world = with_declined_job();
    let question = question(&mut world);
    assert_eq!(question["attempt"], 2);
    assert_eq!(
        question["candidates"].as_array().unwrap().len(),
        1,
        "{question}"
    );
    choose(&mut world, 2, &json!(hotkey(1)));
    assert_eq!(tried(&mut world), [hotkey(2), hotkey(1)]);
}

#[test]
fn unusable_answer_is_replaced() {
    // Not known, without a manifest, and none at all.
    for answer in [json!("5abc"), json!(hotkey(3)), Value::Null] {
        let mut world = with_router();
        world.request(&v2(1, START_MS));
        choose(&mut world, 1, &answer);
        let tried = tried(&mut world);
        assert!(
            tried == [hotkey(1)] || tried == [hotkey(2)],
            "{answer}: {tried:?}"
        );
    }
}

#[test]
fn silent_router_delays_a_job_by_its_time_only() {
    let mut world = with_router();
    world.request(&v2(1, START_MS));
    world.0.advance_ms(ROUTER_MS - 1);
    assert!(tried(&mut world).is_empty());
    world.0.advance_ms(1);
    assert_eq!(tried(&mut world).len(), 1);
}

#[test]
fn choice_that_is_gone_by_then_ends_the_job() {
    let mut world = with_router();
    world.request(&v2(1, START_MS));
    world.serve(&[]);
    world.0.emitted();
    choose(&mut world, 1, &json!(hotkey(2)));
    world.assert_status("rejected", "no miner that serves");
    assert_eq!(world.0.unfinished(), 0);
}

#[test]
fn router_is_asked_again_after_a_kill() {
    let mut world = with_router();
    world.request(&v2(1, START_MS));
    let before = question(&mut world);
    world.kill();
    assert_eq!(question(&mut world), before);
    choose(&mut world, 1, &json!(hotkey(2)));
    assert_eq!(tried(&mut world), [hotkey(2)]);
}

#[test]
fn miner_that_the_user_names_needs_no_router() {
    let mut world = with_router();
    world.request(&v1(1, 3));
    assert_eq!(tried(&mut world), [hotkey(3)]);
    assert!(world.events("horde_miner_wanted").is_empty());
}

#[test]
fn silent_router_takes_no_time_that_an_attempt_needs() {
    let mut section = section();
    section["router_ms"] = json!(10_000);
    section["job_timeout_seconds"] = json!(12);
    let mut world = start_with(section);
    world.serve(&[1]);
    world.up(1, 5);
    world.request(&v2(1, START_MS));
    // An attempt needs 5 s.
    world.0.advance_ms(6_999);
    assert!(tried(&mut world).is_empty());
    world.0.advance_ms(1);
    assert_eq!(tried(&mut world), [hotkey(1)]);
}

#[test]
fn reason_of_the_attempt_before_is_kept() {
    let mut world = with_declined_job();
    world.serve(&[]);
    choose(&mut world, 2, &json!(hotkey(1)));
    let (status, comment) = world.status();
    assert_eq!(status, "rejected");
    assert!(comment.contains("declined the job; no miner"), "{comment}");
}
