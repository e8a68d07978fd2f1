//! Faults of what is shown: blocks and neurons.

use std::collections::BTreeSet;

use serde_json::Value;
use tig_keyring::PublicKey;

use super::super::client::FIRST;
use super::{NEURONS, client};

/// What the newest neurons are shown as.
async fn shown(fault: &str) -> Vec<Value> {
    let (_devnet, client) = client(fault).await;
    let body = client.read(NEURONS).await;
    let neurons = body["neurons"].as_object().unwrap();
    neurons.values().cloned().collect()
}

async fn shown_block(fault: &str) -> Value {
    let (_devnet, client) = client(fault).await;
    let alone = client.read("block/latest").await;
    let with_neurons = client.read(NEURONS).await;
    assert_eq!(alone["block"], with_neurons["block"]);
    alone["block"].clone()
}

#[tokio::test]
async fn blocks_are_shown_wrongly() {
    let right = shown_block("slow:0").await;
    let text = shown_block("block-numbers-as-texts").await;
    assert_eq!(text["number"], FIRST.to_string());
    assert_eq!(shown_block("block-zero").await["number"], 0);
    let short = shown_block("hash-digits:40").await;
    let right = right["hash"].as_str().unwrap();
    assert_eq!(short["hash"], right[..42]);
    let long = shown_block("hash-digits:128").await;
    assert_eq!(long["hash"].as_str().unwrap().len(), 130);
    let other = shown_block("other-hash").await;
    let other = other["hash"].as_str().unwrap();
    assert_eq!(other.len(), right.len());
    assert_ne!(other, right);
}

#[tokio::test]
async fn neuron_is_shown_twice() {
    let (devnet, client) = client("neuron-twice").await;
    let miner = &devnet.miners()[1].hotkey;
    let text = client.text(NEURONS).await;
    assert_eq!(text.matches(&format!("\"{miner}\":{{")).count(), 2);
    serde_json::from_str::<Value>(&text).unwrap();
    let validators = client.read("block/latest/validators").await;
    let validators = validators["validators"].as_array().unwrap();
    assert_eq!(validators.len(), 4);
    assert_eq!(validators[2], validators[3]);
}

#[tokio::test]
async fn two_neurons_have_one_uid() {
    let neurons = shown("uid-twice").await;
    assert_eq!(neurons.len(), 6);
    assert_eq!(neurons.iter().filter(|it| it["uid"] == 4).count(), 2);
}

#[tokio::test]
async fn hotkey_is_not_an_address() {
    let neurons = shown("not-ss58").await;
    let is_faulty = |neuron: &&Value| {
        let hotkey = neuron["hotkey"].as_str().unwrap();
        PublicKey::from_any_ss58(hotkey).is_err()
    };
    assert_eq!(neurons.iter().filter(is_faulty).count(), 1);
}

#[tokio::test]
async fn stakes_are_impossible() {
    let (_devnet, client) = client("stake-nan").await;
    let text = client.text(NEURONS).await;
    assert!(text.contains("\"stakes\":{\"alpha\":NaN,\"tao\":NaN,\"total\":NaN}"));
    let neurons = shown("stake-negative").await;
    let is_negative = |neuron: &&Value| neuron["stakes"]["total"].as_f64() < Some(0.0);
    let negative: Vec<_> = neurons.iter().filter(is_negative).collect();
    assert_eq!(negative.len(), 1);
    assert_eq!(negative[0]["uid"], 1);
}

#[tokio::test]
async fn number_of_neurons_is_another() {
    let many = shown("neuron-count").await;
    assert_eq!(many.len(), 300);
    let uids: BTreeSet<u64> = many.iter().filter_map(|it| it["uid"].as_u64()).collect();
    assert!(uids.into_iter().eq(0..300));
    assert_eq!(shown("neuron-count:0").await, Vec::<Value>::new());
    assert_eq!(shown("neuron-count:2").await.len(), 2);
}

#[tokio::test]
async fn axons_are_impossible() {
    let axons = async |fault| {
        let neurons = shown(fault).await;
        let miners = neurons
            .into_iter()
            .filter(|it| it["uid"].as_u64() >= Some(3));
        miners.map(|it| it["axon_info"].clone()).collect::<Vec<_>>()
    };
    let v6 = axons("axon-ipv6").await;
    assert_eq!(v6.len(), 2);
    assert!(v6.iter().all(|axon| axon["ip"] == "2001:db8::1"));
    let unset = axons("axon-unset").await;
    assert!(
        unset
            .iter()
            .all(|axon| axon["ip"] == "0.0.0.0" && axon["port"] != 0)
    );
    for (fault, port) in [("axon-port", 70_000), ("axon-port:0", 0)] {
        let axons = axons(fault).await;
        assert!(axons.iter().all(|axon| axon["port"] == port), "{fault}");
    }
}

#[tokio::test]
async fn other_subnet_has_none_of_the_hotkeys() {
    let (_devnet, client) = client("other-netuid").await;
    let body = client.read(NEURONS).await;
    let ours = client.chain.report().neurons;
    let shown = body["neurons"].as_object().unwrap();
    assert_eq!(shown.len(), ours.len());
    assert!(ours.iter().all(|it| !shown.contains_key(&it.hotkey)));
    assert!(shown.keys().all(|it| PublicKey::from_ss58(it).is_ok()));
}
