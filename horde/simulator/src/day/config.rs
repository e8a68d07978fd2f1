//! The validator's config for a day.

use std::collections::BTreeMap;

use horde_devnet::facilitator::user_keypair;
use horde_system_tests::HostOptions;
use serde_json::{Value, json};

use super::scenario::{BLOCK_MS, Day, Mode};

/// Where the chain's service is; nothing listens there.
pub(super) const CHAIN_URL: &str = "http://127.0.0.1:8000";

/// Where the network's config is.
pub(super) const CONFIG_URL: &str = "http://127.0.0.1:8001/config.json";

/// Where the facilitator is.
pub(super) const FACILITATOR_URL: &str = "ws://127.0.0.1:8002/";

/// Name of the validator at the chain's service.
pub(super) const IDENTITY: &str = "validator";

/// Blocks after its slot at which a batch still begins: a host that was killed is back by then.
const LATE_BLOCKS: u32 = 12;

/// What the classes of executors count, of which every miner has some.
const CLASS_WEIGHTS: &str = "spin_up-4min.gpu-24gb=99,always_on.gpu-24gb=1";

/// Milliseconds between two looks at what changes slowly: at the network's config, and at receipts of others.
const SLOW_MS: u64 = 1_800_000;

/// Options of any day: which extensions there are.
pub(super) fn first_options() -> HostOptions {
    options(0, Mode::Pylon)
}

/// Options of this day.
pub(super) fn options_of(day: &Day) -> HostOptions {
    options(day.seed, day.mode)
}

fn options(seed: u64, mode: Mode) -> HostOptions {
    let user = user_keypair(seed).public().to_ss58();
    let more = [
        (
            "horde_chain",
            json!({ "url": CHAIN_URL, "identity": IDENTITY, "poll_ms": BLOCK_MS }),
        ),
        ("horde_schedule", json!({ "late_blocks": LATE_BLOCKS })),
        ("horde_score", json!({})),
        ("horde_weights", json!({ "mode": mode.name() })),
        (
            "horde_facilitator",
            json!({ "uri": format!("{FACILITATOR_URL}ws/v0/") }),
        ),
        ("horde_organic", json!({ "whitelist": [user] })),
        (
            "horde_receipts",
            json!({ "poll_ms": SLOW_MS, "allow_private": true }),
        ),
        (
            "horde_report",
            json!({
                "source": "url",
                "url_validator": CONFIG_URL,
                "url_common": "",
                "interval_ms": SLOW_MS,
            }),
        ),
    ];
    HostOptions {
        kinds: json!({
            "spin_up-4min.gpu-24gb": "horde_job_hash",
            "always_on.gpu-24gb": "horde_job_echo",
        }),
        more: BTreeMap::from(more),
        ..HostOptions::default()
    }
}

/// The network's config with this version of weights.
pub(super) fn network_config(weights_version: u64) -> Value {
    let item = |value: Value| json!({ "description": "", "items": [{ "value": value }] });
    json!({
        "DYNAMIC_WEIGHTS_VERSION": item(json!(weights_version)),
        "DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS": item(json!(LATE_BLOCKS)),
        "DYNAMIC_EXECUTOR_CLASS_WEIGHTS": item(json!(CLASS_WEIGHTS)),
    })
}
