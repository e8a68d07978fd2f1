//! Files of the ComputeHorde validator (`vectors/horde`).

pub(super) mod cap_weights;
pub(super) mod draws;
mod formulas;
pub(super) mod keys;
pub(super) mod messages;
pub(super) mod presigned_urls;
pub(super) mod receipts;
pub(super) mod recorded_run;
pub(super) mod schedule;
pub(super) mod traces;

use std::collections::BTreeMap;

use horde_calc::schedule::BlockRange;
use serde_json::Value;

use super::List;
use crate::case::text;

/// The lists of `formula_vectors.json`.
pub(super) const FORMULAS: [List; 13] = [
    schedule::EPOCHS,
    schedule::CYCLES,
    schedule::COMMIT_WINDOWS,
    schedule::SLOTS,
    draws::FIRST_OUTPUTS,
    draws::SHUFFLES,
    formulas::HORDE_SCORES,
    formulas::NORMALIZED,
    formulas::CAPPED,
    formulas::PROCESSED,
    formulas::FOR_COMMIT,
    formulas::FOR_SET,
    formulas::COMMIT_HASHES,
];

/// A range as the files write it.
fn pair(range: BlockRange) -> [i64; 2] {
    [range.start, range.stop]
}

/// Scores by name.
fn scores(value: &Value) -> Result<BTreeMap<String, f64>, String> {
    serde_json::from_value(value.clone()).map_err(text)
}
