//! Conditions: each begins with its cause, and ends with it.

use tig_plugin_api::testing::CallKind;
use tig_plugin_api::{Condition, Severity};

use super::*;

fn codes(schedules: &Schedules) -> Vec<&str> {
    let conditions = schedules.conditions().iter();
    conditions
        .map(|condition| condition.code.as_str())
        .collect()
}

fn only(schedules: &Schedules) -> &Condition {
    let [condition] = schedules.conditions() else {
        panic!("{:?}", schedules.conditions());
    };
    condition
}

/// The chain jumps over the slot, and the batch is missed.
fn oversleep(schedules: &mut Schedules, chain: &mut Chain) {
    chain.show(schedules);
    chain.number = slot_of(START).block + 4;
    chain.show(schedules);
}

/// Hands over the events of batches that are missed, as the host does.
fn return_missed(schedules: &mut Schedules, events: &[(String, Value)]) {
    for missed in named(events, "horde_batch_missed") {
        schedules.event("horde_batch_missed", missed);
    }
}

#[test]
fn start_without_a_chain_is_reported() {
    let mut schedules = start();
    let condition = only(&schedules);
    assert_eq!(
        (condition.code.as_str(), condition.severity),
        ("no_chain", Severity::Info)
    );
    assert!(condition.remedy.contains("`extensions`"), "{condition:?}");
    Chain::at(START + 10).show(&mut schedules);
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
}

#[test]
fn slot_is_awaited_in_words_that_stay() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    let slot = slot_of(START);
    let mut texts = Vec::new();
    while chain.number < slot.block {
        chain.show(&mut schedules);
        let condition = only(&schedules);
        assert_eq!(condition.code, "waiting_for_slot");
        assert_eq!(condition.severity, Severity::Info);
        texts.push(condition.text.clone());
        chain.number += 1;
    }
    texts.dedup();
    let [validators, awaited] = texts.as_slice() else {
        panic!("{texts:?}");
    };
    assert!(validators.contains("known from block 711 on"));
    let expected = format!("waits for block {}: slot {} of 5", slot.block, slot.index);
    assert!(awaited.starts_with(&expected), "{awaited}");
    chain.show(&mut schedules);
    assert_eq!(codes(&schedules), [""; 0], "the batch is due");
}

#[test]
fn silent_chain_in_the_slot_names_the_service() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    chain.show(&mut schedules);
    chain.is_silent = true;
    chain.run_to(&mut schedules, slot_of(START).block + 3);
    let condition = only(&schedules);
    assert_eq!(condition.code, "waiting_for_slot");
    assert!(condition.text.contains("miners that serve"));
    assert!(condition.remedy.contains("/horde/chain"));
    chain.number += 1;
    chain.show(&mut schedules);
    let condition = only(&schedules);
    assert_eq!(condition.code, "batch_missed");
    assert!(condition.remedy.contains("/horde/chain"), "{condition:?}");
}

#[test]
fn first_cycle_is_awaited_in_words_that_stay() {
    let (mut schedules, mut chain) = (start(), Chain::at(0));
    for number in [0, 1, START - 1] {
        chain.number = number;
        chain.show(&mut schedules);
        let condition = only(&schedules);
        assert_eq!(condition.code, "waiting_for_slot");
        assert!(
            condition
                .text
                .starts_with("waits for block 708: the cycle before")
        );
    }
}

#[test]
fn chain_below_the_stored_cycle_is_a_warning() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + CYCLE + 10));
    chain.show(&mut schedules);
    let mut texts = Vec::new();
    for number in [START + 10, START + 11] {
        chain.number = number;
        chain.show(&mut schedules);
        let condition = only(&schedules);
        assert_eq!(condition.code, "other_chain");
        assert_eq!(condition.severity, Severity::Warning);
        assert!(condition.remedy.contains("backup_folder"));
        texts.push(condition.text.clone());
    }
    assert!(texts[0].contains("block 1430"), "{texts:?}");
    assert_eq!(texts[0], texts[1]);
    chain.number = START + CYCLE + 10;
    chain.show(&mut schedules);
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
}

#[test]
fn chain_that_is_away_is_the_reason_meanwhile() {
    let (mut schedules, chain) = (start(), Chain::at(START + 10));
    chain.show(&mut schedules);
    let away = json!({ "condition": "unreachable", "reason": "refused", "since_ms": 1 });
    schedules.event("horde_chain_state", away);
    let condition = only(&schedules);
    assert_eq!(condition.code, "no_chain");
    assert_eq!(condition.severity, Severity::Info, "the alert is another's");
    assert!(condition.text.contains("cannot be reached: refused"));
    let back = json!({ "condition": "following", "since_ms": 2 });
    schedules.event("horde_chain_state", back);
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
}

#[test]
fn serving_off_raises_no_alert() {
    let mut schedules = start_with(json!({ "serving": false }));
    let (mut chain, slot) = (Chain::at(START + 10), slot_of(START).block);
    for number in [START + 10, slot, slot + 4, START + CYCLE, START + CYCLE + 5] {
        chain.number = number;
        let events = chain.show(&mut schedules);
        return_missed(&mut schedules, &events);
        let condition = only(&schedules);
        assert_eq!(condition.code, "not_serving", "{number}");
        assert_eq!(condition.severity, Severity::Info);
        assert!(condition.remedy.contains("config.horde_schedule.serving"));
    }
}

#[test]
fn not_serving_follows_the_dynamic_config() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    let serve = |schedules: &mut Schedules, serving: bool| {
        schedules.event("horde_dynamic_config", json!({ "serving": serving }));
    };
    chain.show(&mut schedules);
    serve(&mut schedules, false);
    let condition = only(&schedules);
    assert_eq!(condition.code, "not_serving");
    assert!(condition.remedy.contains("SERVING"), "{condition:?}");
    serve(&mut schedules, true);
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
    serve(&mut schedules, false);
    chain.run_to(&mut schedules, slot_of(START).block + 4);
    serve(&mut schedules, true);
    assert!(
        only(&schedules)
            .text
            .contains("serving was off in the slot")
    );
    chain.number = START + CYCLE;
    chain.show(&mut schedules);
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
}

#[test]
fn hotkey_without_stake_is_reported_until_listed() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    chain.is_listed = false;
    chain.run_to(&mut schedules, START + 3);
    let condition = only(&schedules);
    assert_eq!(condition.code, "not_in_list");
    assert_eq!(condition.severity, Severity::Warning);
    assert!(condition.text.contains("not one of the 4 validators"));
    assert!(condition.remedy.contains("stake"), "{condition:?}");
    chain.number = START + CYCLE;
    // While the next list is not known, the last one counts.
    let (same, waits) = ("not_in_list", "waiting_for_slot");
    chain.run_to(&mut schedules, START + CYCLE + 2);
    assert_eq!(codes(&schedules), [same, waits]);
    chain.run_to(&mut schedules, START + CYCLE + 3);
    assert_eq!(codes(&schedules), [same]);
    chain.is_listed = true;
    chain.number = START + 2 * CYCLE;
    chain.run_to(&mut schedules, START + 2 * CYCLE + 2);
    assert_eq!(codes(&schedules), [same, waits]);
    chain.run_to(&mut schedules, START + 2 * CYCLE + 3);
    assert_eq!(codes(&schedules), [waits]);
}

#[test]
fn missed_batch_is_reported_until_the_next_is_due() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    oversleep(&mut schedules, &mut chain);
    let condition = only(&schedules);
    assert_eq!(condition.code, "batch_missed");
    assert_eq!(condition.severity, Severity::Warning);
    let expected = "the batch of the cycle at block 708 was not run: block ";
    assert!(condition.text.starts_with(expected), "{condition:?}");
    assert!(condition.remedy.contains("compute-horde doctor"));
    let away = json!({ "condition": "stands_still", "block": 9, "since_ms": 1 });
    schedules.event("horde_chain_state", away);
    assert_eq!(codes(&schedules), ["batch_missed", "no_chain"]);
    let back = json!({ "condition": "following", "since_ms": 2 });
    schedules.event("horde_chain_state", back);
    chain.number = START + CYCLE;
    let next = slot_of(START + CYCLE).block;
    chain.run_to(&mut schedules, next - 1);
    assert_eq!(codes(&schedules), ["batch_missed", "waiting_for_slot"]);
    chain.run_to(&mut schedules, next);
    assert_eq!(codes(&schedules), [""; 0]);
    chain.number = START + 2 * CYCLE;
    chain.show(&mut schedules);
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
}

#[test]
fn batch_that_did_not_begin_is_reported_as_missed() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    chain.run_to(&mut schedules, slot_of(START).block);
    assert_eq!(codes(&schedules), [""; 0]);
    let missed = json!({ "cycle_start": START, "block": 1, "code": "busy", "reason": "ran\u{1b}" });
    schedules.event("horde_batch_missed", missed);
    let condition = only(&schedules);
    assert_eq!(condition.code, "batch_missed");
    assert!(condition.text.ends_with("was not run: ran\\u{1b}"));
    assert!(condition.remedy.contains("/horde/batch"), "{condition:?}");
}

#[test]
fn cycle_without_a_block_is_reported_as_missed() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    chain.show(&mut schedules);
    chain.number = START + 3 * CYCLE;
    let events = chain.show(&mut schedules);
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
    return_missed(&mut schedules, &events);
    assert_eq!(codes(&schedules), ["batch_missed", "waiting_for_slot"]);
    let text = &schedules.conditions()[0].text;
    assert!(
        text.contains("the cycle at block 2152"),
        "the last of them: {text}"
    );
    chain.run_to(&mut schedules, slot_of(chain.number).block);
    return_missed(&mut schedules, &events);
    assert_eq!(
        codes(&schedules),
        [""; 0],
        "the batch of a newer cycle is due"
    );
    // The host was killed, and what it had not delivered comes once more.
    chain.number = START + 4 * CYCLE;
    chain.show(&mut schedules);
    return_missed(&mut schedules, &events);
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
}

#[test]
fn stored_miss_is_known_after_kill_and_reload() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    oversleep(&mut schedules, &mut chain);
    schedules.reload();
    assert_eq!(codes(&schedules), ["batch_missed"]);
    schedules.kill();
    assert_eq!(codes(&schedules), ["batch_missed", "no_chain"]);
    chain.number = START + CYCLE;
    chain.show(&mut schedules);
    assert_eq!(codes(&schedules), ["batch_missed", "waiting_for_slot"]);
}

/// Starts for the first time when the slot is over.
fn start_late() -> (Schedules, Chain) {
    let (mut schedules, chain) = (start(), Chain::at(slot_of(START).block + 4));
    chain.show(&mut schedules);
    (schedules, chain)
}

#[test]
fn first_start_after_the_slot_raises_no_alert() {
    let (mut schedules, mut chain) = start_late();
    let expect_info = |schedules: &Schedules| {
        let mut conditions = schedules.conditions().iter();
        let missed = conditions.find(|it| it.code == "batch_missed").unwrap();
        assert_eq!(missed.severity, Severity::Info);
        assert!(missed.remedy.starts_with("nothing"), "{missed:?}");
    };
    expect_info(&schedules);
    schedules.kill();
    expect_info(&schedules);
    chain.number = START + CYCLE;
    let events = chain.show(&mut schedules);
    expect_info(&schedules);
    // What it has emitted comes back late.
    return_missed(&mut schedules, &events);
    let missed = json!({ "cycle_start": START, "block": 1, "code": "overslept", "reason": "late" });
    schedules.event("horde_batch_missed", missed);
    expect_info(&schedules);
    schedules.reload();
    expect_info(&schedules);
}

#[test]
fn late_start_after_another_cycle_is_a_warning() {
    let (mut schedules, mut chain) = start_late();
    chain.number = slot_of(START + CYCLE).block + 4;
    chain.show(&mut schedules);
    let condition = only(&schedules);
    assert!(condition.text.contains("the cycle at block 1430"));
    assert_eq!(condition.severity, Severity::Warning);
}

/// A store of an older version, and one that an older version has written since.
#[test]
fn stored_cycle_without_a_first_start_is_read() {
    let cycle = serde_json::to_value(Cycle::new(START)).unwrap();
    assert_eq!(cycle.get("first_start_block"), None);
    let read: Cycle = serde_json::from_value(cycle).unwrap();
    assert_eq!(read, Cycle::new(START));
}

#[test]
fn miss_of_an_earlier_cycle_outlives_a_reload() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    oversleep(&mut schedules, &mut chain);
    chain.number = START + CYCLE;
    chain.show(&mut schedules);
    let before = schedules.conditions().to_vec();
    assert_eq!(codes(&schedules), ["batch_missed", "waiting_for_slot"]);
    schedules.reload();
    assert_eq!(schedules.conditions(), before);
    chain.run_to(&mut schedules, slot_of(START + CYCLE).block);
    assert_eq!(codes(&schedules), [""; 0]);
    schedules.reload();
    assert_eq!(codes(&schedules), [""; 0]);
}

#[test]
fn snapshot_of_an_older_version_is_restored() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    oversleep(&mut schedules, &mut chain);
    let seen = json!({ "block": chain.block(), "chain": null });
    schedules.succeed_to(1, &seen).unwrap();
    assert_eq!(codes(&schedules), ["batch_missed"]);
}

#[test]
fn command_reports_what_it_changes() {
    for name in ["schedule_synthetic_jobs", "run_synthetic_jobs"] {
        let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
        let serve = |schedules: &mut Schedules, serving: bool| {
            schedules.event("horde_dynamic_config", json!({ "serving": serving }));
        };
        chain.run_to(&mut schedules, slot_of(START).block - 1);
        serve(&mut schedules, false);
        chain.number += 1;
        chain.show(&mut schedules);
        serve(&mut schedules, true);
        assert_eq!(codes(&schedules), ["waiting_for_slot"]);
        schedules.command(name, &json!({})).unwrap();
        assert_eq!(codes(&schedules), [""; 0], "{name} has begun the batch");
    }
}

/// The first report is lost in the host: a repetition would be seen.
#[test]
fn same_conditions_are_not_reported_again() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    schedules.event("horde_block", chain.block());
    assert_eq!(codes(&schedules), ["waiting_for_slot"]);
    schedules.fail_next(CallKind::Conditions, "");
    chain.answer_all(&mut schedules);
    chain.run_to(&mut schedules, START + 20);
    let text = &only(&schedules).text;
    assert!(text.contains("validators of the cycle"), "{text}");
    chain.run_to(&mut schedules, slot_of(START).block);
    assert_eq!(codes(&schedules), [""; 0]);
}
