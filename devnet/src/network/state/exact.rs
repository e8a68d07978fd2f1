//! Frontiers as JSON that is read again to the bit: numbers with a point may come back from JSON off by one.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tig_protocol::difficulty::Point;
use tig_protocol::qualifiers::Frontiers;

#[derive(Serialize, Deserialize)]
struct Exact {
    base: Vec<Point>,
    scaled: Vec<Point>,
    scaling_factor_bits: u64,
}

pub(super) fn serialize<S: Serializer>(value: &Frontiers, to: S) -> Result<S::Ok, S::Error> {
    let exact = Exact {
        base: value.base.clone(),
        scaled: value.scaled.clone(),
        scaling_factor_bits: value.scaling_factor.to_bits(),
    };
    exact.serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Frontiers, D::Error> {
    let exact = Exact::deserialize(from)?;
    Ok(Frontiers {
        base: exact.base,
        scaled: exact.scaled,
        scaling_factor: f64::from_bits(exact.scaling_factor_bits),
    })
}
