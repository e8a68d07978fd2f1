//! An example of each event, for documents and for tests of extensions.

mod chain;
mod jobs;
mod users;

use serde_json::value::RawValue;
use tig_plugin_api::testing::EventExample;

use self::chain::{chain, schedule, weights};
use self::jobs::{jobs, results};
use self::users::{prompts, users};
use crate::MinerAddress;

/// Hotkeys of two miners.
const MINER: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const OTHER_MINER: &str = "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y";
const BATCH: &str = "c4f0a3a2-6b0e-4d0c-9d1e-6a5f3c2b1a09";
const JOB: &str = "0b7c6e7a-52f4-4a7e-8f2d-91c3d5e7f901";
const USERS_JOB: &str = "3f9d2a10-7c55-4be0-a1f7-2d6c8e0b4f13";
const CLASS: &str = "spin_up-4min.gpu-24gb";
const LLM_CLASS: &str = "always_on.llm.a6000";
const KIND: &str = "horde_job_hash";
/// A block, the first one of its cycle, and 2025-06-01 12:00 UTC in Unix milliseconds.
const BLOCK: u32 = 5_680_412;
const CYCLE_START: u64 = 5_679_976;
const NOW_MS: u64 = 1_748_779_200_000;

/// An example of each event of this crate, in the order in which a cycle causes them. They are the same in each run.
#[must_use]
pub fn examples() -> Vec<EventExample> {
    [
        chain(),
        schedule(),
        jobs(),
        results(),
        weights(),
        users(),
        prompts(),
    ]
    .concat()
}

fn address() -> MinerAddress {
    MinerAddress {
        hotkey: MINER.to_owned(),
        host: "203.0.113.7".to_owned(),
        port: 8_000,
    }
}

fn block_hash() -> String {
    format!("0x{}", "3e9d".repeat(16))
}

/// JSON as it travels within an event.
fn raw(value: &serde_json::Value) -> Box<RawValue> {
    // A value always has a JSON form.
    serde_json::value::to_raw_value(value).unwrap_or_default()
}
