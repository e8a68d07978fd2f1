//! The columns of a batch's result.

use serde_json::Value;

/// Columns that cost a miner something.
pub(super) const BLAME: [&str; 5] = ["wrong", "failed", "declined", "late", "unreachable"];
/// Columns of jobs that cost their miner nothing.
pub(super) const SPARED: [&str; 3] = ["right", "excused", "interrupted"];

/// The rows of a result: miner and class.
pub(super) fn rows(result: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let miners = result["miners"].as_array().into_iter().flatten();
    miners.flat_map(|miner| {
        let classes = miner["classes"].as_array().into_iter().flatten();
        classes.map(move |class| (miner, class))
    })
}

/// A number of a row.
pub(super) fn number(row: &Value, column: &str) -> u64 {
    row[column].as_u64().unwrap_or_default()
}

/// Sum of a column.
pub(super) fn sum(result: &Value, column: &str) -> u64 {
    rows(result).map(|(_, class)| number(class, column)).sum()
}
