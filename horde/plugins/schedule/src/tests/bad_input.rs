//! Stores of others, chains that go back, answers that do not fit.

use tig_plugin_api::testing::TestKey;

use super::*;

/// Starts on a store in which neuron 0 of subnet 12 was the validator.
fn start_on_foreign_store(number: u8, netuid: u16) -> Result<Schedules> {
    let owner = json!({ "hotkey": hotkey(0), "netuid": NETUID });
    let mut schedules = start_of(number, json!({ "netuid": netuid }))?;
    schedules.store("owner", owner.to_string());
    schedules.try_reload()?;
    Ok(schedules)
}

#[test]
fn store_of_another_validator_is_refused() {
    start_on_foreign_store(0, NETUID).unwrap();
    for (number, netuid) in [(1, NETUID), (0, 13)] {
        let error = start_on_foreign_store(number, netuid).err().unwrap();
        let text = error.to_string();
        let stored = format!(
            "the store in `backup` is that of hotkey {} on subnet 12",
            hotkey(0)
        );
        assert!(text.starts_with(&stored), "{text}");
        let own = format!("hotkey {} on subnet {netuid}: give each", hotkey(number));
        assert!(text.contains(&own), "{text}");
    }
}

#[test]
fn key_of_another_kind_is_refused() {
    let keys = vec![TestKey::new("hotkey", [0; 33], |_| Vec::new())];
    let error = Schedules::start_with_keys(settings(json!({})), keys)
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("public key of 33 bytes"),
        "{error}"
    );
}

#[test]
fn config_out_of_bounds_is_refused() {
    let error = start_of(0, json!({ "block_ms": 0 })).err().unwrap();
    assert!(
        error.to_string().contains("block_ms: 0 is not between"),
        "{error}"
    );
}

#[test]
fn chain_below_the_stored_cycle_decides_nothing() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + CYCLE + 10));
    chain.show(&mut schedules);
    let stored = schedules.stored();
    chain.number = START + 10;
    assert_eq!(chain.run_to(&mut schedules, START + CYCLE - 1), []);
    assert_eq!(schedules.stored(), stored);
    let (code, text) = reason(&mut schedules);
    assert_eq!(code, "waiting");
    assert!(text.contains("is it another chain?"), "{text}");
}

#[test]
fn answer_without_neurons_is_asked_for_again() {
    let (mut schedules, chain) = (start(), Chain::at(START + 10));
    schedules.event("horde_block", chain.block());
    let asked = named(&schedules.emitted(), "horde_neurons_wanted");
    for wanted in &asked {
        let mut answer = chain.answer(wanted).unwrap();
        answer["neurons"] = json!([]);
        schedules.event("horde_neurons", answer);
    }
    schedules.event("horde_block", chain.block());
    assert_eq!(named(&schedules.emitted(), "horde_neurons_wanted"), asked);
}

#[test]
fn second_answer_does_not_change_the_order() {
    let (mut schedules, chain) = (start(), Chain::at(START + 10));
    chain.show(&mut schedules);
    let stored = schedules.stored();
    for block in [START - 3, START] {
        let mut answer = chain.answer(&json!({ "block": block })).unwrap();
        answer["hash"] = json!("0xff");
        schedules.event("horde_neurons", answer);
    }
    assert_eq!(schedules.stored(), stored);
    assert_eq!(schedules.emitted(), []);
}

#[test]
fn older_miners_do_not_replace_newer_ones() {
    let (mut schedules, mut chain) = (start(), Chain::at(START));
    chain.run_to(&mut schedules, slot_of(START).block - 5);
    let mut old = chain.answer(&json!({ "block": null })).unwrap();
    old["block"] = json!(chain.number - 1);
    old["neurons"].as_array_mut().unwrap().truncate(3);
    schedules.event("horde_neurons", old);
    assert_eq!(schedules.emitted(), []);
    assert_eq!(status(&mut schedules)["links"]["miners"], 4);
}

#[test]
fn damaged_cycle_is_set_aside() {
    let (mut schedules, mut chain) = (start(), Chain::at(START + 10));
    chain.show(&mut schedules);
    schedules.store("cycle", "{");
    schedules.kill();
    assert!(schedules.stored().contains_key("damaged/cycle"));
    let events = chain.run_to(&mut schedules, slot_of(START).block);
    assert_eq!(named(&events, "horde_batch_due").len(), 1);
}
