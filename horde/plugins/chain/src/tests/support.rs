//! A chain service, played by hand.

use tig_keyring::PublicKey;
use tig_plugin_api::testing::Harness;

use super::*;
use crate::HordeChain;

pub(super) type Chain = Harness<HordeChain>;

pub(super) const TOKEN: &str = "sn12-token";

/// Path of the identity's subnet.
pub(super) const PREFIX: &str = "http://pylon/api/v1/identity/sn12/subnet/12/";

pub(super) const POLL_MS: u64 = 4_000;

pub(super) const STALL_MS: u64 = 180_000;

pub(super) fn settings(section: &Value) -> Value {
    json!({ "name": "horde_chain", "api_key": TOKEN, "config": { "horde_chain": section } })
}

pub(super) fn start() -> Chain {
    Harness::start(settings(
        &json!({ "url": "http://pylon/", "identity": "sn12", "netuid": 12 }),
    ))
}

/// A chain that is followed, at this block.
pub(super) fn following(number: u32) -> Chain {
    let mut chain = start();
    block(&mut chain, number, 0);
    chain.emitted();
    chain
}

pub(super) fn hotkey(number: u8) -> String {
    PublicKey::from_bytes([number; 32]).to_ss58()
}

/// Hash of a block of a fork.
pub(super) fn hash(number: u32, fork: u8) -> String {
    format!("0x{:064x}", u64::from(number) << 8 | u64::from(fork))
}

pub(super) fn head(number: u32, fork: u8) -> Value {
    json!({ "number": number, "hash": hash(number, fork) })
}

/// A neuron as Pylon shows it.
pub(super) fn neuron(number: u8) -> Value {
    json!({
        "uid": number, "coldkey": hotkey(number), "hotkey": hotkey(number), "active": true,
        "axon_info": { "ip": "10.0.0.1", "port": 8000 + u16::from(number), "protocol": 4 },
        "stake": 2000.0, "rank": 0.1, "emission": 1.5, "incentive": 0.25, "consensus": 0.25,
        "trust": 0.9, "validator_trust": 0.5, "dividends": 0.1, "last_update": 1000,
        "validator_permit": true, "pruning_score": 65535,
        "stakes": { "alpha": 2000.0, "tao": 1.0, "total": 2001.0 },
    })
}

/// The answer with the neurons of a block.
pub(super) fn neurons_answer(number: u32, fork: u8, neurons: &[Value]) -> Value {
    let by_hotkey: serde_json::Map<_, _> = neurons
        .iter()
        .map(|neuron| {
            (
                neuron["hotkey"].as_str().unwrap().to_owned(),
                neuron.clone(),
            )
        })
        .collect();
    json!({ "block": head(number, fork), "neurons": by_hotkey })
}

/// Tag of the request for a path below [`PREFIX`].
pub(super) fn tag(chain: &Chain, path: &str) -> String {
    let url = format!("{PREFIX}{path}");
    let mut calls = chain.http_calls().iter();
    match calls.find(|call| call.url == url) {
        Some(call) => call.tag.clone(),
        None => panic!("{path} is not asked for: {:?}", paths(chain)),
    }
}

/// Paths below [`PREFIX`] that are asked for.
pub(super) fn paths(chain: &Chain) -> Vec<String> {
    let calls = chain.http_calls().iter();
    calls
        .map(|call| call.url.strip_prefix(PREFIX).unwrap().to_owned())
        .collect()
}

pub(super) fn respond(chain: &mut Chain, path: &str, status: u16, body: &Value) {
    let tag = tag(chain, path);
    chain.respond(&tag, status, body.to_string());
}

pub(super) fn error(status: u16, detail: &str) -> Value {
    json!({ "status_code": status, "detail": detail })
}

/// Lets the next poll be sent.
pub(super) fn poll(chain: &mut Chain) {
    let due_ms = chain.timers()["poll"];
    chain.advance_ms(due_ms.saturating_sub(chain.now_ms()));
}

/// The next poll finds this block.
pub(super) fn block(chain: &mut Chain, number: u32, fork: u8) {
    poll(chain);
    respond(chain, "block/latest", 200, &head(number, fork));
}

/// The arguments of the events of one name among those emitted since the last call.
pub(super) fn emitted(chain: &mut Chain, name: &str) -> Vec<Value> {
    let events = chain.emitted().into_iter();
    events
        .filter(|(of, _)| of == name)
        .map(|(_, event)| event)
        .collect()
}

pub(super) fn block_numbers(chain: &mut Chain) -> Vec<u64> {
    let blocks = emitted(chain, "horde_block");
    let numbers = blocks.iter().map(|block| block["number"].as_u64().unwrap());
    numbers.collect()
}

/// Conditions that were emitted since the last call.
pub(super) fn conditions(chain: &mut Chain) -> Vec<String> {
    let states = emitted(chain, "horde_chain_state");
    let names = states
        .iter()
        .map(|state| state["condition"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

pub(super) fn want(chain: &mut Chain, block: Option<u32>) {
    chain.event("horde_neurons_wanted", json!({ "block": block }));
}

pub(super) fn status(chain: &mut Chain) -> Value {
    let reply = chain.request("GET", "/horde/chain", &[], "").unwrap();
    serde_json::from_slice(&reply.body).unwrap()
}

/// A call whose deadline is a minute from now.
pub(super) fn call(chain: &mut Chain, name: &str, request: &Value) {
    let deadline_ms = chain.now_ms() + 60_000;
    let call = json!({ "call": name, "deadline_ms": deadline_ms, "request": request });
    chain.event("horde_chain_call", call);
}

pub(super) fn commit() -> Value {
    json!({ "request": "commit_weights", "commit_hash": hash(1, 1) })
}

/// Name and result of each answer since the last call.
pub(super) fn answers(chain: &mut Chain) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let answers = emitted(chain, "horde_chain_answer");
    answers
        .iter()
        .map(|answer| (text(&answer["call"]), text(&answer["result"]["result"])))
        .collect()
}

/// All that was logged since the last call.
pub(super) fn log_text(chain: &mut Chain) -> String {
    let lines = chain.logs().into_iter();
    let lines: Vec<_> = lines
        .map(|(level, text)| format!("{level} {text}"))
        .collect();
    lines.join("\n")
}
