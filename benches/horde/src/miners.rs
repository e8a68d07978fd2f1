//! What the miners have seen.

use serde_json::Value;

/// Milliseconds from the first to the last frame of a kind, over all miners.
pub(crate) fn spread_ms(seen: &Value, kind: &str) -> f64 {
    let miners = seen.as_array().into_iter().flatten();
    let reads = miners.flat_map(|miner| miner["reads"].as_array().into_iter().flatten());
    let of_kind = reads.filter(|read| read["kind"] == kind);
    let times: Vec<u64> = of_kind.filter_map(|read| read["at_us"].as_u64()).collect();
    let first = times.iter().min().copied().unwrap_or_default();
    let last = times.iter().max().copied().unwrap_or_default();
    (last - first) as f64 / 1_000.0
}
