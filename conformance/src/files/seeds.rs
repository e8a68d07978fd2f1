//! `seeds.json`: settings, `rand_hash` and nonce give the seed of an instance.

use serde_json::json;
use tig_protocol::BenchmarkSettings;

use super::{Context, List, no_law};
use crate::case::{Case, Checked};

pub(super) const CASES: List = List {
    name: "cases",
    check,
    uphold: no_law,
};

fn check(_: &Context<'_>, case: Case<'_>) -> Checked {
    let settings: BenchmarkSettings = case.field("settings")?;
    let rand_hash: String = case.field("rand_hash")?;
    let nonce: u64 = case.field("nonce")?;
    case.same_fields(&json!({
        "preimage": format!("{}_{rand_hash}_{nonce}", settings.canonical()),
        "seed_hex": hex::encode(settings.seed(&rand_hash, nonce)),
    }))
}
