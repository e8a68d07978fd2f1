//! The result of a batch as a table for people.

use serde_json::Value;
use tig_process::output;

/// Prints the result.
pub(crate) fn print(value: &Value) {
    output::line(&value.to_string());
}
