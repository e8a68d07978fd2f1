//! The whole validator on a test network: its sections of the config.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::miners::{ChainOptions, Miners};
use crate::site::HostOptions;

/// Milliseconds between two looks for a block: the least that the config allows.
const POLL_MS: u64 = 20;
/// Blocks after its slot at which a batch still begins: on a fast chain three are over before a host has started.
const LATE_BLOCKS: u32 = 25;
/// Seconds that an executor of the test network takes to start.
const SPIN_UP_SECONDS: u32 = 2;
/// Name of the validator at the chain's service.
const IDENTITY: &str = "validator";
/// Times of a test network, in milliseconds: a fast chain does not wait for minutes.
const TIMEOUT_MS: u64 = 2_000;

/// Options of a host that runs all extensions on this network, and sets weights in this mode of `horde_weights`.
#[must_use]
pub fn validator_options(network: &Miners, chain: &ChainOptions, mode: &str) -> HostOptions {
    let spin_up = json!({
        "spin_up-4min.gpu-24gb": SPIN_UP_SECONDS,
        "always_on.llm.a6000": SPIN_UP_SECONDS,
    });
    let url = format!("http://{}", network.chain.as_deref().unwrap_or_default());
    let facilitator = network.facilitator.as_ref();
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let socket = text(facilitator.map(|urls| &urls.socket));
    let user = text(facilitator.map(|urls| &urls.user));
    let inline = json!({
        "DYNAMIC_WEIGHTS_VERSION": item(json!(4)),
        "DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS": item(json!(LATE_BLOCKS)),
    });
    let more = [
        (
            "horde_chain",
            json!({ "url": url, "identity": IDENTITY, "poll_ms": POLL_MS, "timeout_ms": TIMEOUT_MS }),
        ),
        ("horde_schedule", json!({ "block_ms": chain.block_ms })),
        ("horde_score", json!({})),
        (
            "horde_weights",
            json!({
                "mode": mode,
                "send_timeout_ms": TIMEOUT_MS,
                "reveal_timeout_ms": TIMEOUT_MS,
                "refused_ms": chain.block_ms,
                "failed_ms": chain.block_ms,
            }),
        ),
        ("horde_facilitator", json!({ "uri": socket })),
        (
            "horde_organic",
            json!({ "whitelist": [user], "spin_up_seconds": spin_up }),
        ),
        ("horde_receipts", json!({ "allow_private": true })),
        (
            "horde_report",
            json!({ "source": "inline", "inline": inline }),
        ),
    ];
    HostOptions {
        batch: json!({ "manifest_timeout_ms": 4_000, "spin_up_seconds": spin_up }),
        miners: json!({ "first_attempts_max": 1, "manifest_ms": 4_000 }),
        more: BTreeMap::from(more),
        ..HostOptions::default()
    }
}

fn item(value: Value) -> Value {
    json!({ "description": "", "items": [{ "value": value }] })
}
