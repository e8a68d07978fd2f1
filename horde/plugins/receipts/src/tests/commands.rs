//! The command and the counts that the route shows.

use serde_json::{Value, json};
use tig_plugin_api::HttpFailureKind;

use super::support::*;

fn named(number: u8) -> Value {
    json!({ "miner_hotkey": hotkey(&miner(number)), "miner_ip": format!("8.8.8.{number}"), "miner_port": 8000 })
}

#[test]
fn command_fetches_of_all_miners() {
    let mut world = World::with_miners(&[1, 2]);
    world.serve();
    world.miners.add(1, &[receipt(1, &other(), &miner(1), 0)]);
    world.miners.add(2, &[receipt(1, &other(), &miner(2), 0)]);
    let ticket = world.harness.command("fetch_receipts", &json!({})).unwrap();
    assert_eq!(world.harness.finished(ticket), None);
    world.serve();
    let (code, result) = world.harness.finished(ticket).unwrap();
    assert_eq!(code, 0);
    let expected = json!({ "miners": 2, "new_receipts": 2, "failed": {} });
    assert_eq!(*result, expected);
    assert_eq!(world.stored("command"), 0);
}

#[test]
fn command_fetches_of_a_named_miner_while_it_is_off() {
    let mut harness = start_with(json!({ "enabled": false }));
    harness.advance_ms(0);
    let miners = Miners::default();
    let mut world = World { harness, miners };
    world.miners.add(1, &[receipt(1, &other(), &miner(1), 0)]);
    let ticket = world.harness.command("fetch_receipts", &named(1)).unwrap();
    world.serve();
    let (code, result) = world.harness.finished(ticket).unwrap();
    assert_eq!((code, &result["new_receipts"]), (0, &json!(1)));
    world.harness.advance_ms(3_600_000);
    assert!(world.harness.http_calls().is_empty());
}

#[test]
fn command_says_which_miner_failed() {
    let mut world = World::with_miners(&[1, 2]);
    world.serve();
    let ticket = world.harness.command("fetch_receipts", &json!({})).unwrap();
    let again = world.harness.command("fetch_receipts", &json!({}));
    assert!(again.unwrap_err().to_string().contains("under way"));
    let call = world.harness.http_calls()[0].clone();
    world.harness.fail(&call.tag, HttpFailureKind::Connect);
    world.serve();
    let (code, result) = world.harness.finished(ticket).unwrap();
    assert_eq!(code, 20);
    assert_eq!(result["failed"].as_object().unwrap().len(), 1);
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let mut world = World::start();
    let mut fault = |arguments: Value| {
        let error = world.harness.command("fetch_receipts", &arguments);
        error.unwrap_err().to_string()
    };
    assert!(fault(json!({})).contains("no miner is known yet"));
    let text = fault(json!({ "miner_hotkey": "5x" }));
    assert!(text.starts_with("--miner_hotkey \"5x\": "), "{text}");
    assert!(fault(json!({ "miner_hotkey": hotkey(&miner(1)) })).contains("not known"));
    assert!(fault(json!({ "miner_ip": "8.8.8.8" })).contains("need each other"));
    let mut inside = named(1);
    inside["miner_ip"] = json!("127.0.0.1");
    assert!(fault(inside).contains("`allow_private`"));
    let mut unspecified = named(1);
    unspecified["miner_port"] = json!(0);
    assert!(fault(unspecified).contains("port 0"));
}

#[test]
fn missing_miners_are_explained() {
    let mut world = World::start();
    let mut fault = |neurons: Value| {
        world.harness.event("horde_neurons", neurons);
        let called = world.harness.command("fetch_receipts", &json!({}));
        called.unwrap_err().to_string()
    };
    let text = fault(neurons(1, &[]));
    assert!(text.starts_with("no miner serves at block 1"), "{text}");
    let mut private = neurons(2, &[1]);
    private["neurons"][0]["axon"]["host"] = json!("10.0.0.1");
    let text = fault(private);
    assert!(
        text.starts_with("no miner of block 2 can be connected to (miner 5"),
        "{text}"
    );
    assert!(text.contains("`allow_private`"), "{text}");
}

#[test]
fn command_of_a_lost_instance_ends() {
    let mut world = World::with_miners(&[1]);
    let ticket = world.harness.command("fetch_receipts", &json!({})).unwrap();
    world.harness.restart();
    let (code, _) = world.harness.finished(ticket).unwrap();
    assert_eq!(code, 21);
    assert_eq!(world.stored("command"), 0);
}

#[test]
fn route_shows_counts_and_miners() {
    let mut world = World::with_miners(&[1]);
    world.miners.add(1, &[receipt(1, &other(), &miner(1), 0)]);
    world.serve();
    let report = world.report();
    assert_eq!(report["foreign"], 1);
    assert_eq!(report["hotkey"], hotkey(&own()));
    assert_eq!(report["other_validator"], Value::Null);
    let shown = &report["miners"][0];
    assert_eq!(shown["address"], "8.8.8.1:8000");
    assert_eq!(shown["receipts"], 1);
    assert_eq!(shown["done_through"], PAGE - 2);
    world.harness.update();
    assert_eq!(
        world.harness.metric("stored", &[("of", "foreign")]),
        Some(1.0)
    );
}
