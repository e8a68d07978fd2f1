//! `wasms.json`: the small modules are what they are said to be, and algorithms; the official ones are not here.

use sha2::{Digest, Sha256};
use tig_worker::Algorithm;

use super::{Context, List, no_law};
use crate::case::{Case, Checked, Fault, equal, text};

pub(super) const OFFICIAL: List = List {
    name: "official",
    check: |_, _| Err(Fault::Missing("official modules are not here".to_owned())),
    uphold: no_law,
};
pub(super) const MINI: List = List {
    name: "mini",
    check,
    uphold: no_law,
};

fn check(_: &Context<'_>, case: Case<'_>) -> Checked {
    let wasm = hex::decode(case.field::<String>("wasm_hex")?).map_err(text)?;
    equal("size", case.get("size"), wasm.len())?;
    equal(
        "sha256",
        case.get("sha256"),
        hex::encode(Sha256::digest(&wasm)),
    )?;
    Algorithm::compile(&wasm)
        .map(|_| ())
        .map_err(|error| error.to_string().into())
}
