//! `receipts.<Type>.examples.json`: receipts and their payloads. Each is read, and written again as it was.

use horde_proto::receipt::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload, Receipt,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::files::{List, TOP_LEVEL, no_law};

/// Receipts and payloads; a payload says of which type it is.
pub(crate) const EXAMPLES: List = List {
    name: TOP_LEVEL,
    check: |_, case| {
        let example = case.whole();
        let written = match example["receipt_type"].as_str() {
            None => rewritten::<Receipt>(example)?,
            Some("JobStartedReceipt") => rewritten::<JobStartedReceiptPayload>(example)?,
            Some("JobAcceptedReceipt") => rewritten::<JobAcceptedReceiptPayload>(example)?,
            Some("JobFinishedReceipt") => rewritten::<JobFinishedReceiptPayload>(example)?,
            Some(other) => return Err(format!("no receipt is of type {other:?}").into()),
        };
        if written == *example {
            return Ok(());
        }
        Err(format!("written as {written}").into())
    },
    uphold: no_law,
};

fn rewritten<T: DeserializeOwned + Serialize>(example: &Value) -> Result<Value, String> {
    let read: T = T::deserialize(example).map_err(|error| error.to_string())?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}
