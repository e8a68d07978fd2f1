//! Comparing the result of an operation with that of the original.

use serde::Serialize;
use serde_json::Value;

use crate::vectors::equal;

/// Compares a result: where the original returned an error or panicked we must not answer; the text of the error is
/// our own.
pub(crate) fn same_outcome<E: ToString>(
    case: &Value,
    actual: Result<impl Serialize, E>,
) -> Result<(), String> {
    let expected = &case["result"];
    match (expected["status"].as_str(), actual) {
        (Some("ok"), Ok(actual)) => equal("result", &expected["value"], actual),
        (Some("ok"), Err(error)) => Err(format!(
            "error `{}`, expected {expected}",
            error.to_string()
        )),
        (_, Ok(actual)) => {
            let actual = serde_json::to_value(actual).map_err(|error| error.to_string())?;
            Err(format!("result is {actual}, expected {expected}"))
        }
        (_, Err(_)) => Ok(()),
    }
}
