//! Where miners are, with a chain that answers, is slow, or is not there.

use super::*;

#[test]
fn job_waits_for_the_chain() {
    let mut world = start_with(section());
    world.0.advance_ms(3_000);
    world.request(&v1(1, 1));
    assert_eq!(
        world.events("horde_neurons_wanted"),
        [json!({ "block": null })]
    );
    world.request(&v1(2, 9));
    assert!(world.0.emitted().is_empty(), "asked once");
    world.serve(&[1]);
    let emitted = world.0.emitted();
    let list = emitted
        .iter()
        .find(|(name, _)| name == "horde_links_wanted")
        .unwrap();
    assert_eq!(list.1["miners"][0]["hotkey"], json!(hotkey(1)));
    let status = emitted
        .iter()
        .find(|(name, _)| name == "horde_job_status")
        .unwrap();
    assert_eq!(status.1["uuid"], json!(uuid(2)));
    let comment = status.1["metadata"]["comment"].as_str().unwrap();
    assert!(comment.contains("does not serve at block 7"), "{comment}");
}

#[test]
fn start_asks_the_chain() {
    let mut harness = Harness::<Organic>::start(settings(section()));
    harness.advance_ms(0);
    let names: Vec<String> = harness
        .emitted()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["horde_links_wanted", "horde_neurons_wanted"]);
}

use tig_plugin_api::testing::Harness;

#[test]
fn silent_chain_rejects_after_ten_seconds() {
    let mut world = start_with(section());
    world.request(&v1(1, 1));
    world.request(&v2(2, START_MS));
    world.0.advance_ms(9_999);
    assert!(world.statuses().is_empty());
    world.0.advance_ms(1);
    let statuses = world.statuses();
    assert_eq!(statuses.len(), 2);
    for status in statuses {
        assert_eq!(status["status"], "rejected");
        let comment = status["metadata"]["comment"].as_str().unwrap();
        assert!(
            comment.contains("the chain has not said lately where miners are"),
            "{comment}"
        );
    }
}

#[test]
fn old_address_is_used_when_the_chain_is_silent() {
    let mut world = start();
    world.kill();
    world.0.advance_ms(6 * 60_000);
    world.0.emitted();
    world.request(&v1(1, 1));
    assert!(world.events("horde_links_wanted").is_empty());
    world.0.advance_ms(10_000);
    let lists = world.events("horde_links_wanted");
    assert_eq!(lists[0]["miners"][0]["port"], 8001);
}

#[test]
fn address_is_renewed_before_it_is_old() {
    let mut world = start();
    world.0.advance_ms(149_999);
    world.request(&v1(1, 1));
    assert!(world.events("horde_neurons_wanted").is_empty());
    world.0.advance_ms(1);
    world.request(&v1(2, 1));
    let emitted = world.0.emitted();
    assert!(
        emitted
            .iter()
            .any(|(name, _)| name == "horde_neurons_wanted")
    );
    assert!(world.statuses().is_empty(), "it does not wait");
}

#[test]
fn config_names_miners_without_a_chain() {
    let mut section = section();
    section["miners"] = json!({ hotkey(1): { "host": "miner", "port": 9 } });
    let mut world = start_with(section);
    world.request(&v1(1, 1));
    let lists = world.events("horde_links_wanted");
    assert_eq!(
        lists[0]["miners"],
        json!([{ "hotkey": hotkey(1), "host": "miner", "port": 9 }])
    );
    world.up(1, 2);
    world.0.emitted();
    world.request(&v2(2, START_MS));
    assert_eq!(world.all_asked().len(), 1);
}

#[test]
fn miner_that_moves_is_linked_anew() {
    let mut world = start();
    let asked = world.asked_v1(1, 1);
    world.over(&asked, &finished());
    let mut moved = neurons(8, &[1]);
    moved["neurons"][0]["axon"]["port"] = json!(9_999);
    world.0.event("horde_neurons", moved);
    world.0.advance_ms(20);
    world.0.emitted();
    world.request(&v1(2, 1));
    let lists = world.events("horde_links_wanted");
    assert_eq!(lists[0]["miners"][0]["port"], 9_999);
}

/// Others ask for the neurons of past blocks: miners may have moved since.
#[test]
fn neurons_of_a_past_block_are_no_addresses() {
    let mut world = start_with(section());
    world.0.advance_ms(3_000);
    world.request(&v1(1, 1));
    let mut past = neurons(2, &[1]);
    past["wanted"] = json!(2);
    world.0.event("horde_neurons", past);
    assert!(world.events("horde_links_wanted").is_empty());
    world.serve(&[1]);
    assert_eq!(world.events("horde_links_wanted").len(), 1);
}

#[test]
fn miner_is_not_asked_after_the_time_of_the_job() {
    let mut world = start();
    // The address that is known is old by then.
    world.0.advance_ms(6 * 60_000);
    world.0.emitted();
    let received_ms = world.0.now_ms() - 288_000;
    world
        .0
        .event("horde_job_requested", requested(&v1(1, 1), received_ms));
    world.0.advance_ms(10_000);
    world.assert_status(
        "rejected",
        "its time was over before a miner could be asked",
    );
    assert_eq!(world.0.unfinished(), 0);
}
