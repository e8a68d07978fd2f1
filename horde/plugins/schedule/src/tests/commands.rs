//! The commands and the route.

use super::*;

fn call(schedules: &mut Schedules, name: &str) -> (u8, Value) {
    let ticket = schedules.command(name, &json!({})).unwrap();
    let (code, value) = schedules.finished(ticket).unwrap();
    (code, value.clone())
}

#[test]
fn each_state_has_its_exit_code() {
    let slot = slot_of(START).block;
    let both = |schedules: &mut Schedules| {
        let (scheduled, status) = call(schedules, "schedule_synthetic_jobs");
        let (run, _) = call(schedules, "run_synthetic_jobs");
        (status["code"].as_str().unwrap().to_owned(), scheduled, run)
    };
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    assert_eq!(both(&mut schedules), ("no_chain".to_owned(), 23, 23));
    chain.run_to(&mut schedules, slot - 1);
    assert_eq!(both(&mut schedules), ("waiting".to_owned(), 0, 24));
    chain.run_to(&mut schedules, slot);
    assert_eq!(both(&mut schedules), ("done".to_owned(), 0, 0));
    chain.number = START + CYCLE;
    chain.is_listed = false;
    chain.run_to(&mut schedules, START + CYCLE + 3);
    assert_eq!(both(&mut schedules), ("not_in_list".to_owned(), 20, 20));
    let mut schedules = start_with(json!({ "serving": false }));
    Chain::at(START).show(&mut schedules);
    assert_eq!(both(&mut schedules), ("not_serving".to_owned(), 21, 21));
    let mut schedules = start();
    Chain::at(START + CYCLE - 1).show(&mut schedules);
    assert_eq!(both(&mut schedules), ("missed".to_owned(), 22, 22));
}

#[test]
fn command_begins_a_batch_that_waits_for_serving() {
    let slot = slot_of(START).block;
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    schedules.event("horde_dynamic_config", json!({ "serving": false }));
    chain.run_to(&mut schedules, slot);
    schedules.event("horde_dynamic_config", json!({ "serving": true }));
    assert_eq!(call(&mut schedules, "run_synthetic_jobs").0, 24);
    let events = chain.answer_all(&mut schedules);
    assert_eq!(named(&events, "horde_batch_due").len(), 1);
    assert_eq!(call(&mut schedules, "run_synthetic_jobs").0, 0);
    assert_eq!(schedules.emitted(), []);
}

#[test]
fn status_has_the_block_of_each_number() {
    let slot = slot_of(START);
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    chain.run_to(&mut schedules, slot.block - 5);
    let now_ms = schedules.now_ms();
    let expected = json!({
        "code": "waiting",
        "text": format!(
            "waits for block {}, 5 blocks or about 60 s from now: slot {} of 5, counted from 0",
            slot.block, slot.index
        ),
        "missed": null,
        "now_ms": now_ms,
        "block": chain.block(),
        "chain": null,
        "hotkey": hotkey(0),
        "netuid": NETUID,
        "serving": true,
        "cycle": { "start": START, "stop": START + CYCLE },
        "slot": { "index": slot.index, "count": 5, "block": slot.block },
        "links": { "miners": 4, "of_block": slot.block - 5 },
        "commit": {
            "of_block": slot.block - 5,
            "interval": { "start": 722, "stop": 1444 },
            "reveal": { "start": 722, "stop": 1068 },
            "commit": { "start": 1083, "stop": 1429 },
        },
    });
    assert_eq!(status(&mut schedules), expected);
    assert_eq!(schedules.metric("slot_block", &[]), Some(slot.block.into()));
    assert_eq!(
        schedules.metric("block", &[]),
        Some(f64::from(slot.block - 5))
    );
}

#[test]
fn chain_that_is_not_followed_is_the_reason() {
    let (mut schedules, chain) = (start(), Chain::at(START + 5));
    chain.show(&mut schedules);
    for (condition, expected) in [
        (
            json!({ "condition": "stands_still", "block": 7 }),
            "stands still at block 7",
        ),
        (
            json!({ "condition": "unreachable", "reason": "refused" }),
            "cannot be reached: refused",
        ),
        (
            json!({ "condition": "contradicts", "reason": "two hashes" }),
            "contradicts itself: two hashes",
        ),
    ] {
        let mut state = condition;
        state["since_ms"] = json!(1);
        schedules.event("horde_chain_state", state);
        let (code, text) = reason(&mut schedules);
        assert_eq!(code, "no_chain");
        assert!(text.ends_with(expected), "{text}");
    }
    schedules.event(
        "horde_chain_state",
        json!({ "condition": "following", "since_ms": 2 }),
    );
    assert_eq!(reason(&mut schedules).0, "waiting");
}

#[test]
fn reload_knows_the_newest_block() {
    let (mut schedules, chain) = (start(), Chain::at(START + 5));
    chain.show(&mut schedules);
    let before = status(&mut schedules);
    schedules.reload();
    assert_eq!(status(&mut schedules), before);
    schedules.kill();
    let (code, text) = reason(&mut schedules);
    assert_eq!(
        (code.as_str(), text.contains("horde_chain")),
        ("no_chain", true)
    );
}
