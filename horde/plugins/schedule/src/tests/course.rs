//! A cycle from its first block to its end.

use super::*;

#[test]
fn batch_is_due_at_its_slot_once() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    let slot = slot_of(START);
    let before = chain.run_to(&mut schedules, slot.block - 1);
    assert!(named(&before, "horde_batch_due").is_empty());
    chain.number = slot.block;
    schedules.event("horde_block", chain.block());
    let events = schedules.emitted();
    let due: Vec<BatchDue> = named(&events, "horde_batch_due")
        .into_iter()
        .map(|event| serde_json::from_value(event).unwrap())
        .collect();
    assert_eq!(due.len(), 1, "by the handler of the block itself");
    assert_eq!(
        (due[0].cycle_start, due[0].block),
        (START.into(), slot.block)
    );
    assert_eq!(due[0].until_ms, schedules.now_ms() + 4 * 12_000);
    let hotkeys: Vec<_> = due[0].miners.iter().map(|miner| &miner.hotkey).collect();
    assert_eq!(hotkeys, [2, 3, 4, 5].map(hotkey).iter().collect::<Vec<_>>());
    let after = chain.run_to(&mut schedules, START + CYCLE - 1);
    assert!(named(&after, "horde_batch_due").is_empty());
    assert!(named(&after, "horde_batch_missed").is_empty());
}

#[test]
fn links_are_held_from_ten_blocks_ahead() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    let slot = slot_of(START).block;
    let mut held = Vec::new();
    while chain.number < START + CYCLE {
        for links in named(&chain.show(&mut schedules), "horde_links_wanted") {
            assert_eq!(links["holder"], "horde_schedule");
            held.push((chain.number, links["miners"].as_array().unwrap().len()));
        }
        chain.number += 1;
    }
    assert_eq!(held, [(slot - 10, 4), (slot + 1, 0)]);
}

#[test]
fn links_are_wanted_again_after_a_kill() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    let slot = slot_of(START).block;
    let miners_after_kill = |schedules: &mut Schedules| {
        schedules.kill();
        let links = named(&schedules.emitted(), "horde_links_wanted");
        assert_eq!(links.len(), 1);
        links[0]["miners"].as_array().unwrap().len()
    };
    chain.run_to(&mut schedules, slot - 11);
    assert_eq!(miners_after_kill(&mut schedules), 0);
    chain.run_to(&mut schedules, slot - 9);
    assert_eq!(miners_after_kill(&mut schedules), 4);
    chain.run_to(&mut schedules, slot + 1);
    assert_eq!(miners_after_kill(&mut schedules), 0);
}

#[test]
fn late_block_within_the_window_begins_the_batch() {
    let slot = slot_of(START).block;
    for (late, blocks_left) in [(1, 3), (3, 1)] {
        let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
        chain.show(&mut schedules);
        chain.number = slot + late;
        let events = chain.show(&mut schedules);
        let due = named(&events, "horde_batch_due");
        assert_eq!(due.len(), 1, "{late}");
        assert_eq!(
            due[0]["until_ms"],
            schedules.now_ms() + blocks_left * 12_000
        );
    }
}

#[test]
fn blocks_that_jump_over_the_window_are_overslept() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    let slot = slot_of(START).block;
    chain.show(&mut schedules);
    chain.number = slot + 4;
    let events = chain.show(&mut schedules);
    let missed = named(&events, "horde_batch_missed");
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0]["code"], "overslept");
    assert_eq!(missed[0]["block"], slot);
    assert!(named(&events, "horde_batch_due").is_empty());
    let (code, text) = reason(&mut schedules);
    assert_eq!(code, "missed");
    assert!(text.starts_with("overslept: block "), "{text}");
    chain.number += 1;
    assert_eq!(chain.show(&mut schedules), []);
}

#[test]
fn first_start_after_the_slot_is_overslept() {
    let (mut schedules, chain) = (start(), Chain::at(START + CYCLE - 1));
    let events = chain.show(&mut schedules);
    assert_eq!(named(&events, "horde_batch_missed")[0]["code"], "overslept");
}

#[test]
fn blocks_that_jump_over_cycles_miss_each_once() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    chain.show(&mut schedules);
    chain.number = START + 5 * CYCLE;
    let events = chain.show(&mut schedules);
    let missed = named(&events, "horde_batch_missed");
    let starts: Vec<_> = missed.iter().map(|missed| &missed["cycle_start"]).collect();
    assert_eq!(starts, [0, 1, 2, 3, 4].map(|number| START + number * CYCLE));
    assert!(missed.iter().all(|missed| missed["code"] == "overslept"));
    // The present cycle has its batch.
    let slot = slot_of(START + 5 * CYCLE).block;
    let events = chain.run_to(&mut schedules, slot);
    assert_eq!(named(&events, "horde_batch_due").len(), 1);
}

#[test]
fn cycles_of_a_long_jump_are_bounded() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    chain.show(&mut schedules);
    chain.number = START + 100_000 * CYCLE;
    let missed = named(&chain.show(&mut schedules), "horde_batch_missed");
    assert_eq!(
        missed.len(),
        33,
        "the one that was seen, and 32 of the others"
    );
    assert_eq!(missed[32]["cycle_start"], chain.number - CYCLE);
}

#[test]
fn hotkey_without_stake_is_not_in_the_list() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    chain.is_listed = false;
    let events = chain.run_to(&mut schedules, START + CYCLE - 1);
    let missed = named(&events, "horde_batch_missed");
    assert_eq!(missed.len(), 1);
    assert_eq!(
        (&missed[0]["code"], &missed[0]["block"]),
        (&json!("not_in_list"), &json!(null))
    );
    assert_eq!(events.len(), 1, "no links either");
    let (code, text) = reason(&mut schedules);
    assert_eq!(code, "not_in_list");
    assert!(
        text.contains("not one of the 4 validators at block 708"),
        "{text}"
    );
}

#[test]
fn serving_that_is_off_misses_the_batch() {
    let mut schedules = start_with(json!({ "serving": false }));
    let mut chain = Chain::at(START);
    let slot = slot_of(START).block;
    chain.run_to(&mut schedules, slot - 5);
    let (code, text) = reason(&mut schedules);
    assert_eq!(code, "not_serving");
    assert!(text.contains("config.horde_schedule.serving"), "{text}");
    let events = chain.run_to(&mut schedules, slot + 4);
    assert_eq!(
        named(&events, "horde_batch_missed")[0]["code"],
        "not_serving"
    );
    assert_eq!(events.len(), 1, "no links either");
}

#[test]
fn serving_follows_the_dynamic_config() {
    let slot = slot_of(START).block;
    for (in_config, expected) in [(true, 1), (false, 0)] {
        let mut schedules = start_with(json!({ "serving": in_config }));
        let mut chain = Chain::at(START);
        schedules.event("horde_dynamic_config", json!({ "serving": false }));
        schedules.kill();
        chain.run_to(&mut schedules, slot + 1);
        assert_eq!(reason(&mut schedules).0, "not_serving");
        schedules.event("horde_dynamic_config", json!({ "serving": true }));
        let events = chain.run_to(&mut schedules, slot + 3);
        assert_eq!(
            named(&events, "horde_batch_due").len(),
            expected,
            "switched on within the window"
        );
    }
}

#[test]
fn window_follows_the_dynamic_config() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    schedules.event(
        "horde_dynamic_config",
        json!({ "planner_max_oversleep_blocks": 20 }),
    );
    chain.show(&mut schedules);
    chain.number = slot_of(START).block + 20;
    assert_eq!(
        named(&chain.show(&mut schedules), "horde_batch_due").len(),
        1
    );
}

#[test]
fn chain_that_names_no_miners_misses_the_batch() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    let slot = slot_of(START).block;
    chain.show(&mut schedules);
    chain.is_silent = true;
    chain.run_to(&mut schedules, slot + 3);
    let (code, text) = reason(&mut schedules);
    assert_eq!(code, "waiting");
    assert!(text.contains("waits for the miners"), "{text}");
    chain.number = slot + 4;
    let missed = named(&chain.show(&mut schedules), "horde_batch_missed");
    assert_eq!(missed[0]["code"], "chain");
}

#[test]
fn answer_within_the_window_begins_the_batch() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    let slot = slot_of(START).block;
    chain.show(&mut schedules);
    chain.is_silent = true;
    chain.number = slot + 1;
    assert_eq!(chain.show(&mut schedules), []);
    chain.is_silent = false;
    let answer = chain.answer(&json!({ "block": null })).unwrap();
    schedules.event("horde_neurons", answer);
    assert_eq!(named(&schedules.emitted(), "horde_batch_due").len(), 1);
}

/// Other extensions ask for the newest neurons, too, and the answers come to all.
#[test]
fn answers_that_others_asked_for_open_no_links() {
    let slot = slot_of(START).block;
    for (is_serving, number) in [(true, slot - 11), (false, slot - 2)] {
        let (mut schedules, mut chain) = (start(), Chain::at(START));
        let dynamic = json!({ "serving": is_serving });
        schedules.event("horde_dynamic_config", dynamic);
        chain.run_to(&mut schedules, number);
        let answer = chain.answer(&json!({ "block": null })).unwrap();
        schedules.event("horde_neurons", answer);
        assert_eq!(schedules.emitted(), []);
    }
}

#[test]
fn cycle_whose_validators_stay_unknown_is_missed() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    chain.is_silent = true;
    chain.run_to(&mut schedules, START + 20);
    let (code, text) = reason(&mut schedules);
    assert_eq!(code, "waiting");
    assert!(text.contains("known from block 711 on"), "{text}");
    chain.number = START + CYCLE;
    let missed = named(&chain.show(&mut schedules), "horde_batch_missed");
    assert_eq!(
        (&missed[0]["code"], &missed[0]["block"]),
        (&json!("chain"), &json!(null))
    );
}

#[test]
fn validators_are_asked_for_when_their_block_is_final() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    let mut asked = |number: u32| {
        chain.number = number;
        schedules.event("horde_block", chain.block());
        let asked = named(&schedules.emitted(), "horde_neurons_wanted");
        asked
            .iter()
            .map(|wanted| wanted["block"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(asked(START), [705]);
    assert_eq!(asked(START + 2), [705]);
    assert_eq!(asked(START + 3), [705, 708]);
}

/// The dynamic config comes a little later than the first block.
#[test]
fn order_follows_the_dynamic_config_until_it_is_known() {
    let (mut schedules, chain) = (start(), Chain::at(START + 10));
    let mut asked = |finalization: u32| {
        let dynamic = json!({ "block_finalization_number": finalization });
        schedules.event("horde_dynamic_config", dynamic);
        schedules.event("horde_block", chain.block());
        let asked = named(&schedules.emitted(), "horde_neurons_wanted");
        if finalization == 5 {
            let answer = chain.answer(&asked[0]).unwrap();
            schedules.event("horde_neurons", answer);
        }
        asked[0]["block"].clone()
    };
    assert_eq!(asked(3), START - 3);
    assert_eq!(asked(5), START - 5);
    assert_eq!(asked(4), START, "only the validators are not known");
    let seed = &schedules.stored()["cycle"]["seed"];
    assert_eq!(*seed, Chain::hash(START - 5));
}

#[test]
fn cycle_that_began_below_block_0_has_no_batch() {
    let (mut schedules, mut chain) = (start(), Chain::at(0));
    assert_eq!(chain.run_to(&mut schedules, START - 1), []);
    let (code, text) = reason(&mut schedules);
    assert_eq!(code, "waiting");
    assert!(text.starts_with("waits for block 708: "), "{text}");
    let events = chain.run_to(&mut schedules, START + CYCLE - 1);
    assert_eq!(named(&events, "horde_batch_due").len(), 1);
}

#[test]
fn cycle_without_a_block_for_its_order_is_missed() {
    // Subnet 720 has a cycle that begins at block 0; the order would come from block -3.
    let mut schedules = start_with(json!({ "netuid": 720 }));
    let missed = named(&Chain::at(0).show(&mut schedules), "horde_batch_missed");
    assert_eq!(
        (&missed[0]["code"], &missed[0]["cycle_start"]),
        (&json!("chain"), &json!(0))
    );
}

#[test]
fn clock_set_back_changes_nothing() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    let slot = slot_of(START).block;
    chain.run_to(&mut schedules, slot - 4);
    schedules.set_back_ms(24 * 3_600_000);
    schedules.kill();
    let due = named(&chain.run_to(&mut schedules, slot), "horde_batch_due");
    assert_eq!(due.len(), 1);
    assert_eq!(due[0]["until_ms"], schedules.now_ms() + 48_000);
}

#[test]
fn batch_that_did_not_begin_is_shown_as_missed() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    chain.run_to(&mut schedules, slot_of(START).block);
    assert_eq!(reason(&mut schedules).0, "done");
    let missed =
        json!({ "cycle_start": START, "block": 1, "code": "busy", "reason": "another batch ran" });
    schedules.event("horde_batch_missed", missed);
    schedules.kill();
    chain.number += 1;
    let events = chain.show(&mut schedules);
    assert!(named(&events, "horde_batch_missed").is_empty());
    assert_eq!(
        reason(&mut schedules),
        ("missed".to_owned(), "busy: another batch ran".to_owned())
    );
}
