//! `cap_weights.json`: capped weights of many neurons, which NumPy adds pairwise.

use horde_calc::weights::{cap_weights, cap_weights_f64};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::case::Case;
use crate::files::{List, no_law};

pub(crate) const ROWS: List = List {
    name: "rows",
    check: |_, case| {
        let weights = weights(case)?;
        let limit = case.field("limit")?;
        let (capped, bits): (Vec<f64>, Vec<u8>) = match case.field("precision")? {
            32 => {
                let weights: Vec<_> = weights.iter().map(|weight| *weight as f32).collect();
                let capped = cap_weights(&weights, limit);
                let bits = capped.iter().flat_map(|share| share.to_be_bytes());
                (
                    capped.iter().map(|it| f64::from(*it)).collect(),
                    bits.collect(),
                )
            }
            64 => {
                let capped = cap_weights_f64(&weights, limit);
                let bits = capped.iter().flat_map(|share| share.to_be_bytes());
                let bits = bits.collect();
                (capped, bits)
            }
            bits => return Err(format!("no floats have {bits} bits").into()),
        };
        let largest = capped.iter().copied().fold(0.0, f64::max);
        let hash = hex::encode(Sha256::digest(bits));
        let first: Vec<_> = capped.iter().take(3).collect();
        case.same_fields(&json!({"first": first, "largest": largest, "sha256": hash}))
    },
    uphold: no_law,
};

/// The weights by the rule of the file.
fn weights(case: Case<'_>) -> Result<Vec<f64>, String> {
    let (count, modulus): (u32, u32) = (case.field("count")?, case.field("modulus")?);
    let weight = |index: u32| {
        let whole = (u64::from(index) * 7919 + 13).checked_rem(modulus.into())?;
        let fraction = if index.is_multiple_of(5) {
            1.0 / 3.0
        } else {
            1.0
        };
        Some(whole as f64 + fraction)
    };
    let weights: Option<Vec<f64>> = (0..count).map(weight).collect();
    weights.ok_or_else(|| "field `modulus`: 0".to_owned())
}
