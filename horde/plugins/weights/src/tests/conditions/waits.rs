//! Waits of many blocks: one condition each, however often the chain is read meanwhile.

use super::*;

#[test]
fn waits_of_a_cycle_come_once_each() {
    let end_of_reveals = REVEAL_START + 10;
    for (mode, expected) in [
        // Until the cycle ends, and until the block with the weights is final.
        ("direct", &[WAITING, "", WAITING, ""][..]),
        ("pylon", &[WAITING, "", WAITING, ""]),
        // From the commitment on until the window of reveals opens.
        ("commit_reveal", &[WAITING, "", WAITING, "", WAITING, ""]),
    ] {
        let mut world = World::new(mode);
        world.give_two_scores();
        world.blocks_to(end_of_reveals);
        assert_eq!(states(&mut world), expected, "{mode}");
    }
}

#[test]
fn wait_is_shown_in_words() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    let text = text_of(&world, "weights_waiting");
    let expected = format!(
        "the weights of the cycle at block {CYCLE} wait: no block was seen since the start"
    );
    assert_eq!(text, expected);
    world.see_block();
    let text = text_of(&world, "weights_waiting");
    assert!(
        text.ends_with(&format!("wait: the cycle ends at block {STOP}")),
        "{text}"
    );
    world.blocks_to(STOP + 1);
    let text = text_of(&world, "weights_waiting");
    assert!(
        text.ends_with("they were accepted, and are not in a final block yet"),
        "{text}"
    );
    world.blocks_to(STOP + 5);
    let text = text_of(&world, "weights_waiting");
    let expected = format!("the reveal window opens at block {REVEAL_START}");
    assert!(text.ends_with(&expected), "{text}");
}

#[test]
fn batch_without_scores_is_louder_after_its_cycle() {
    let mut world = World::new("direct");
    world.see_block();
    let over = json!({ "batch": "b", "cycle_start": CYCLE, "is_whole": true, "jobs": [] });
    world.event("horde_batch_over", over);
    assert_eq!(states(&mut world), [""; 0], "the scorer answers at once");
    world.see_block();
    world.blocks_to(STOP + 5);
    assert_eq!(states(&mut world), [WAITING, "weights_waiting Warning"]);
    let text = text_of(&world, "weights_waiting");
    assert!(
        text.ends_with("the scorer has given no scores for the batch"),
        "{text}"
    );
    world.give_two_scores();
    world.blocks_to(STOP + 15);
    assert_eq!(states(&mut world).last().unwrap(), "");
}

#[test]
fn missing_registration_is_one_condition() {
    let mut world = World::new("direct");
    world.give_two_scores();
    let own = world.chain.neurons[0].hotkey.clone();
    world.chain.neurons[0].hotkey = hotkey(9);
    // More blocks than the limits of the subnet are believed for.
    world.blocks_to(STOP + 120);
    assert_eq!(
        states(&mut world),
        [WAITING, "", "weights_waiting Critical"]
    );
    let text = text_of(&world, "weights_waiting");
    assert!(
        text.ends_with(&format!("our hotkey {own} is not registered on subnet 49")),
        "{text}"
    );
    world.chain.neurons[0].hotkey = own;
    world.blocks_to(STOP + 140);
    assert_eq!(world.end()["end"], "applied");
    let expected = ["weights_waiting Critical", "", WAITING, ""];
    assert_eq!(states(&mut world), expected);
}

/// Neurons of long before say nothing: the hotkey may be registered by now.
#[test]
fn old_neurons_report_no_missing_registration() {
    let mut world = World::new("direct");
    let own = world.chain.neurons[0].hotkey.clone();
    world.chain.neurons[0].hotkey = hotkey(9);
    let mut neurons = world.chain.neurons_event();
    neurons["block"] = json!(STOP - 12);
    world.event("horde_neurons", neurons);
    world.chain.neurons[0].hotkey = own;
    world.give_two_scores();
    world.blocks_to(STOP + 10);
    assert_eq!(states(&mut world), [WAITING, "", WAITING, ""]);
}

#[test]
fn config_that_does_not_fit_is_one_condition() {
    let mut world = World::new("direct");
    world.chain.limits = Some(Chain::limits());
    world.give_two_scores();
    world.blocks_to(STOP + 120);
    assert_eq!(
        states(&mut world),
        [WAITING, "", "weights_waiting Critical"]
    );
    let text = text_of(&world, "weights_waiting");
    assert!(
        text.ends_with("set `mode` of horde_weights to `commit_reveal`"),
        "{text}"
    );
    world.chain.limits = None;
    world.blocks_to(STOP + 180);
    assert_eq!(world.end()["end"], "applied");
    assert_eq!(states(&mut world).last().unwrap(), "");
}

/// Limits of long before say nothing: the subnet may have others by now.
#[test]
fn old_limits_report_no_misfit() {
    let mut world = World::new("direct");
    world.chain.limits = Some(Chain::limits());
    world.give_two_scores();
    world.blocks_to(STOP);
    assert_eq!(one(&world, "weights_waiting").severity, Severity::Critical);
    // Meanwhile nothing is to be sent, so that no limits are read.
    world.event("horde_dynamic_config", json!({ "serving": false }));
    world.blocks_to(STOP + 70);
    world.chain.limits = None;
    world.event("horde_dynamic_config", json!({ "serving": true }));
    world.blocks_to(STOP + 80);
    assert_eq!(world.end()["end"], "applied");
    let critical = "weights_waiting Critical";
    let expected = [WAITING, "", critical, WAITING, "", WAITING, ""];
    assert_eq!(states(&mut world), expected);
}

#[test]
fn unreadable_chain_is_one_condition() {
    let mut world = World::new("commit_reveal");
    world.give_two_scores();
    world.chain.is_readable = false;
    world.blocks_to(STOP + 2);
    assert_eq!(
        states(&mut world),
        [WAITING, ""],
        "one failure happens on any day"
    );
    world.blocks_to(STOP + 20);
    assert_eq!(states(&mut world), ["", "weights_waiting Warning"]);
    let text = text_of(&world, "weights_waiting");
    assert!(
        text.ends_with("the commitments cannot be read from the chain"),
        "{text}"
    );
    world.chain.is_readable = true;
    world.blocks_to(STOP + 30);
    assert_eq!(states(&mut world), ["weights_waiting Warning", "", WAITING]);
}

/// Before each attempt the neurons are read, and only then it is known again that nothing is sent.
#[test]
fn serving_off_is_one_condition() {
    let mut world = World::new("direct");
    world.give_two_scores();
    world.chain.fates = [Fate::Fail].into();
    world.blocks_to(STOP);
    world.event("horde_dynamic_config", json!({ "serving": false }));
    world.blocks_to(STOP + 20);
    assert_eq!(states(&mut world), [WAITING, "", WAITING]);
    let text = text_of(&world, "weights_waiting");
    assert!(
        text.ends_with("SERVING is off in the dynamic config"),
        "{text}"
    );
    world.event("horde_dynamic_config", json!({ "serving": true }));
    world.blocks_to(STOP + 40);
    assert_eq!(states(&mut world), [WAITING, "", WAITING, ""]);
}

/// The commitment is there, and waits for no other window while it becomes final.
#[test]
fn commitment_at_the_end_of_its_window_waits_once() {
    let mut section = section("commit_reveal");
    section["finality_blocks"] = json!(10);
    let mut world = World::with(&section, 2);
    world.give_two_scores();
    world.chain.fates = [Fate::RefuseIncluded].into();
    world.jump_to(COMMIT_STOP - 2);
    world.blocks_to(COMMIT_STOP + 7);
    assert_eq!(world.status()["cycles"][0]["state"], "sending");
    assert_eq!(states(&mut world), [WAITING, ""]);
    world.blocks_to(COMMIT_STOP + 12);
    assert_eq!(world.status()["cycles"][0]["state"], "committed");
    assert_eq!(states(&mut world), ["", WAITING]);
}
