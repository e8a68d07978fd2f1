//! Sending: directly, by Pylon, and in the commit window.

use super::world::{BLOCK_MS, COMMIT_STOP, CYCLE, STOP};
use super::*;

#[test]
fn weights_wait_for_the_end_of_the_cycle() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.see_block();
    assert_eq!(world.waiting_for(), "cycle_runs");
    world.blocks_to(STOP);
    one_of(&world.chain.included);
    assert_eq!(world.waiting_for(), "reading");
}

#[test]
fn pylon_gets_weights_by_hotkey() {
    let mut world = World::new("pylon");
    world.give_two_scores();
    world.blocks_to(STOP + 10);
    let request = &one_of(&world.chain.included).request;
    assert_eq!(request["request"], "set_weights_by_hotkey");
    let expected = json!({ (hotkey(0)): 0.25, (hotkey(1)): 0.75 });
    assert_eq!(request["weights"], expected);
    assert_eq!(world.end()["end"], "applied");
    assert_eq!(world.end()["block"], STOP);
}

/// Pylon has scheduled them and given up: they are sent once more after 100 blocks, up to the end of the next cycle.
#[test]
fn weights_that_pylon_drops_are_repeated() {
    let mut world = World::new("pylon");
    world.give_two_scores();
    world.chain.fates = [Fate::Forget, Fate::Forget].into();
    world.blocks_to(STOP + 99);
    assert_eq!(world.outcomes(), ["done"]);
    assert_eq!(world.waiting_for(), "inclusion");
    world.blocks_to(STOP + 210);
    assert_eq!(world.outcomes().len(), 3);
    assert_eq!(world.end()["end"], "applied");

    let mut world = World::new("pylon");
    world.give_two_scores();
    world.chain.fates = [Fate::Forget; 100].into();
    world.blocks_to(STOP + 750);
    let reason = world.given_up();
    assert!(
        reason.contains("sent, and not seen on the chain since block"),
        "{reason}"
    );
    assert_eq!(world.outcomes().len(), 8);
}

#[test]
fn direct_setting_that_is_forgotten_is_repeated() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.chain.fates = [Fate::Forget].into();
    world.blocks_to(STOP + 20);
    assert_eq!(world.outcomes(), ["done", "done"]);
    one_of(&world.chain.included);
    assert_eq!(world.end()["end"], "applied");
}

#[test]
fn late_success_is_recognised_and_not_repeated() {
    for fate in [Fate::HangIncluded, Fate::RefuseIncluded] {
        for mode in ["direct", "commit_reveal"] {
            let mut world = World::new(mode);
            world.give_two_scores();
            world.chain.fates = [fate].into();
            world.blocks_to(STOP + 30);
            let at = format!("{mode}, {fate:?}");
            assert_eq!(world.outcomes().len(), 1, "{at}");
            assert_eq!(
                world.chain.included.len() + world.chain.commits.len(),
                1,
                "{at}"
            );
            let state = world.status()["cycles"][0]["state"].clone();
            assert!(state == "applied" || state == "committed", "{at}: {state}");
        }
    }
}

/// The block with the commitment is dropped before it is final.
#[test]
fn commitment_in_a_dropped_block_is_sent_again() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.blocks_to(STOP + 1);
    assert_eq!(world.waiting_for(), "finality");
    world.chain.commits.clear();
    world.blocks_to(STOP + 20);
    let [first, second] = &world.chain.commit_hashes[..] else {
        panic!("{:?}", world.chain.commit_hashes);
    };
    assert_eq!(first, second);
    assert_eq!(world.status()["cycles"][0]["state"], "committed");
}

#[test]
fn weights_are_committed_to_in_the_window_only() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.jump_to(COMMIT_STOP);
    assert_eq!(world.waiting_for(), "commit_window");
    let waiting = world.status()["cycles"][0]["waiting_for"].clone();
    assert_eq!(waiting, "the commit window opens at block 4400951");
    world.jump_to(4_400_951);
    one_of(&world.chain.commits);
}

#[test]
fn window_that_is_over_is_given_up() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.chain.fates = [Fate::Refuse; 1_000].into();
    world.blocks_to(COMMIT_STOP);
    let attempts = world.outcomes().len();
    assert_eq!(world.waiting_for(), "commit_window");
    // In the cycle after it a second window opens.
    world.jump_to(STOP + 722);
    let reason = world.given_up().to_owned();
    assert!(
        reason.starts_with("not on the chain by block 4401261"),
        "{reason}"
    );
    assert!(
        reason.ends_with("the last commit attempt: refused: the pool is full"),
        "{reason}"
    );
    assert_eq!(world.outcomes().len(), attempts);
}

#[test]
fn scores_after_the_next_cycle_are_given_up() {
    let mut world = World::new("direct");
    world.jump_to(STOP + 722);
    world.give_two_scores();
    assert!(
        world.given_up().contains("no block left"),
        "{}",
        world.given_up()
    );
    assert!(world.chain.included.is_empty());
}

#[test]
fn validator_without_registration_waits_and_gives_up() {
    let mut world = World::new("direct");
    world.give_two_scores();
    let own = world.chain.neurons[0].hotkey.clone();
    world.chain.neurons[0].hotkey = hotkey(9);
    world.blocks_to(STOP + 10);
    assert_eq!(world.waiting_for(), "not_registered");
    // It is registered once more.
    world.chain.neurons[0].hotkey = own;
    world.blocks_to(STOP + 20);
    assert_eq!(world.end()["end"], "applied");

    let mut world = World::new("direct");
    world.chain.neurons[0].hotkey = hotkey(9);
    world.give_two_scores();
    world.blocks_to(STOP + 721);
    world.blocks_to(STOP + 722);
    let reason = world.given_up();
    assert!(
        reason.contains("our hotkey is not registered at block"),
        "{reason}"
    );
}

#[test]
fn nothing_is_sent_while_serving_is_off() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.event("horde_dynamic_config", json!({ "serving": false }));
    world.blocks_to(STOP + 10);
    world.kill();
    world.blocks_to(STOP + 20);
    assert_eq!(world.waiting_for(), "serving_off");
    world.event("horde_dynamic_config", json!({ "serving": true }));
    world.blocks_to(STOP + 30);
    assert_eq!(world.end()["end"], "applied");
}

#[test]
fn misfit_of_the_dynamic_config_names_its_keys() {
    let other_interval = horde_events::SubnetLimits {
        commit_reveal_interval: 360,
        ..Chain::limits()
    };
    for (commit_reveal, limits, fault) in [
        (
            json!({ "enabled": false }),
            Chain::limits(),
            "set DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED to true",
        ),
        (
            json!({ "enabled": true }),
            other_interval,
            "set DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET to 180, then DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL to 360",
        ),
    ] {
        let mut world = World::new("commit_reveal");
        let config = json!({ "commit_reveal": commit_reveal });
        world.event("horde_dynamic_config", config);
        world.chain.limits = Some(limits);
        world.give_two_scores();
        world.blocks_to(STOP + 5);
        let status = world.status();
        let waiting = status["cycles"][0]["waiting_for"].as_str().unwrap();
        assert!(waiting.ends_with(fault), "{waiting}");
    }
}

#[test]
fn config_that_does_not_fit_the_subnet_sends_nothing() {
    let other_interval = horde_events::SubnetLimits {
        commit_reveal_interval: 360,
        ..Chain::limits()
    };
    let without = horde_events::SubnetLimits {
        is_commit_reveal: false,
        ..Chain::limits()
    };
    for (mode, limits, fault) in [
        (
            "direct",
            Chain::limits(),
            "set `mode` of horde_weights to `commit_reveal`",
        ),
        (
            "commit_reveal",
            without,
            "set `mode` of horde_weights to `direct`",
        ),
        (
            "commit_reveal",
            other_interval,
            "set `commit_start_offset` of horde_weights to 180, then `interval_blocks` of horde_weights to 360",
        ),
    ] {
        let mut world = World::new(mode);
        world.chain.limits = Some(limits);
        world.give_two_scores();
        world.blocks_to(STOP + 5);
        let status = world.status();
        let waiting = status["cycles"][0]["waiting_for"].as_str().unwrap();
        assert!(waiting.contains(fault), "{waiting}");
        world.jump_to(STOP + 722);
        assert!(world.given_up().contains(fault));
        assert!(world.chain.included.is_empty() && world.chain.commit_hashes.is_empty());
    }
}

/// Commitments cannot be read: nothing is sent on a guess, and the readings are paced.
#[test]
fn chain_that_cannot_be_read_is_not_written() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.chain.is_readable = false;
    world.blocks_to(STOP + 20);
    assert!(world.chain.commit_hashes.is_empty());
    assert_eq!(world.waiting_for(), "reading");
    // 20 blocks are 240 s; a reading takes up to 22 s, and pauses grow up to 30 s.
    assert!(
        (4..=8).contains(&world.chain.readings),
        "{}",
        world.chain.readings
    );
    world.chain.is_readable = true;
    world.blocks_to(STOP + 30);
    one_of(&world.chain.commits);
}

#[test]
fn neurons_with_a_gap_are_not_used() {
    let mut world = World::new("direct");
    world.give_two_scores();
    let mut neurons = world.chain.neurons_event();
    neurons["block"] = json!(STOP + 100);
    neurons["neurons"][1]["uid"] = json!(7);
    world.event("horde_neurons", neurons);
    assert_eq!(world.logged("have uid 7 in place 1"), 1);
    world.blocks_to(STOP + 10);
    assert_eq!(world.end()["end"], "applied");
}

/// A time that was stored by a clock a day ahead holds nothing up.
#[test]
fn clock_set_back_a_day_delays_nothing() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.chain.fates = [Fate::Hang, Fate::Refuse].into();
    world.blocks_to(STOP + 2);
    world.weights.set_back_ms(86_400_000);
    world.kill();
    world.blocks_to(STOP + 20);
    assert_eq!(world.outcomes(), ["timed_out", "refused", "done"]);
    assert_eq!(world.end()["end"], "applied");
}

#[test]
fn reload_keeps_the_attempt_and_what_was_read() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.chain.fates = [Fate::Hang].into();
    world.blocks_to(STOP);
    assert_eq!(world.waiting_for(), "answer");
    assert_eq!(world.weights.unfinished(), 1);
    world.weights.reload();
    assert_eq!(world.waiting_for(), "answer");
    assert_eq!(world.weights.unfinished(), 1);
    let block = u64::from(STOP) + 60_000 / BLOCK_MS + 1;
    world.blocks_to(u32::try_from(block).unwrap());
    assert_eq!(world.outcomes()[0], "timed_out");
    assert_eq!(world.weights.unfinished(), 0);
    world.blocks_to(STOP + 12);
    assert_eq!(world.chain.commit_hashes.len(), 2);
    assert_eq!(world.status()["cycles"][0]["cycle_start"], CYCLE);
}

/// An attempt of the last blocks of a window, of which nothing is heard, is in a block some blocks later.
#[test]
fn commitment_that_comes_after_the_deadline_is_seen() {
    // Commits end with the cycle, as they nearly do on subnet 12.
    let mut section = section("commit_reveal");
    section["commit_end_buffer"] = json!(51);
    let deadline = STOP + 722;
    let mut world = World::with(&section, 2);
    world.give_two_scores();
    world.chain.fates = [Fate::Hang].into();
    world.jump_to(deadline - 2);
    assert_eq!(world.waiting_for(), "answer");
    while world.outcomes().is_empty() {
        world.blocks_to(world.chain.block + 1);
    }
    world.blocks_to(world.chain.block + 2);
    assert_eq!(world.waiting_for(), "inclusion");
    world.chain.include_first_commit();
    world.blocks_to(world.chain.block + 5);
    assert_eq!(world.status()["cycles"][0]["state"], "committed");
    assert_eq!(world.chain.commit_hashes.len(), 1);
}

/// The last attempt that may be made is in a block some blocks after its time.
#[test]
fn last_attempt_that_comes_late_is_seen() {
    let mut section = section("commit_reveal");
    section["send_attempts_max"] = json!(1);
    let mut world = World::with(&section, 2);
    world.give_two_scores();
    world.chain.fates = [Fate::Fail].into();
    world.blocks_to(STOP + 3);
    assert_eq!(world.waiting_for(), "inclusion");
    world.chain.include_first_commit();
    world.blocks_to(STOP + 10);
    assert_eq!(world.status()["cycles"][0]["state"], "committed");
}

/// What the chain shows is of one cycle: the next one begins when it is known what became of the last attempt before it.
#[test]
fn settings_of_two_cycles_are_kept_apart() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.give_scores_of(STOP, &json!({ (hotkey(0)): 1.0 }));
    world.chain.fates = [Fate::Hang].into();
    world.jump_to(STOP + 721);
    assert_eq!(world.waiting_for(), "cycle_runs");
    world.blocks_to(STOP + 722);
    assert_eq!(world.waiting_for(), "earlier_cycle");
    world.blocks_to(STOP + 760);
    let ends = world.over.iter();
    let ends: Vec<_> = ends
        .map(|over| (over["cycle_start"].clone(), over["end"].clone()))
        .collect();
    assert_eq!(
        ends,
        [
            (json!(CYCLE), json!("given_up")),
            (json!(STOP), json!("applied"))
        ]
    );
    let block = one_of(&world.chain.included).block;
    assert!(block > STOP + 722 && block <= STOP + 750, "{block}");
}
