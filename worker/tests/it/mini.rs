//! The mini programs of the golden vectors: small algorithms that were compiled from Rust.

use std::fs;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
struct Wasms {
    mini: Vec<Mini>,
}

#[derive(Deserialize)]
struct Mini {
    name: String,
    wasm_hex: String,
}

/// The bytes of a program, named `mini/<challenge>`.
pub(crate) fn wasm(name: &str) -> Vec<u8> {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../vectors/wasms.json"
    ));
    let wasms: Wasms = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let found = wasms.mini.iter().find(|mini| mini.name == name);
    hex::decode(&found.unwrap_or_else(|| panic!("no {name}")).wasm_hex).unwrap()
}
