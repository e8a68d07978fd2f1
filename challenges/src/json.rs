//! Lists of indexes in solutions.

use serde_json::Value;

/// A list of integers from 0 to 2^64 - 1 that fit memory; `None` for anything else.
pub(crate) fn indexes(value: &Value) -> Option<Vec<usize>> {
    let index = |value: &Value| value.as_u64().and_then(|index| usize::try_from(index).ok());
    value.as_array()?.iter().map(index).collect()
}
