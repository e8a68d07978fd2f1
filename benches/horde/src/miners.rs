//! What the miners have seen.

use serde_json::Value;

/// Milliseconds from the first to the last frame of a kind, over all miners.
pub(crate) fn spread_ms(seen: &Value, kind: &str) -> f64 {
    let times = times_us(seen, kind);
    match (times.first(), times.last()) {
        (Some(first), Some(last)) => (last - first) as f64 / 1_000.0,
        _ => f64::NAN,
    }
}

/// When frames of a kind were read, over all miners, in Unix microseconds, the first one first.
pub(crate) fn times_us(seen: &Value, kind: &str) -> Vec<i64> {
    let miners = seen.as_array().into_iter().flatten();
    let reads = miners.flat_map(|miner| miner["reads"].as_array().into_iter().flatten());
    let of_kind = reads.filter(|read| read["kind"] == kind);
    let mut times: Vec<i64> = of_kind.filter_map(|read| read["at_us"].as_i64()).collect();
    times.sort_unstable();
    times
}
