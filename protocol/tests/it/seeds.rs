//! `seeds.json`: settings, `rand_hash` and nonce give the seed of an instance.

use serde_json::Value;
use tig_protocol::BenchmarkSettings;

use crate::vectors::{self, Report, equal, field};

fn seeds(file: &Value) -> Report {
    Report::of(file, "cases", |case| {
        let settings: BenchmarkSettings = field(case, "settings")?;
        let rand_hash: String = field(case, "rand_hash")?;
        let nonce: u64 = field(case, "nonce")?;
        equal(
            "preimage",
            &case["preimage"],
            format!("{}_{rand_hash}_{nonce}", settings.canonical()),
        )?;
        equal(
            "seed",
            &case["seed_hex"],
            hex::encode(settings.seed(&rand_hash, nonce)),
        )
    })
}

#[test]
fn seeds_are_those_of_the_original() {
    seeds(&vectors::read("seeds.json")).assert_conforms();
}
