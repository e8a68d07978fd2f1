//! The stored form of statuses that the facilitator has not answered yet.
//!
//! | key | value |
//! |---|---|
//! | `status/<number>` | a status with its metadata, from when it is given until it is answered or given up |
//! | `command` | the call of `connect_facilitator` that waits for the end of an attempt |
//! | `starts` | starts since what follows one has succeeded; see `horde-extension` |
//!
//! Metadata is read when it is sent: outputs of jobs can have a megabyte each.

use horde_proto::facilitator::JobStatus;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_plugin_api::prelude::*;

use crate::queue::Queue;

const PREFIX: &str = "status/";
/// See the module's table.
pub(crate) const COMMAND: &str = "command";

/// A status that waits for its answer.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct StoredStatus {
    pub(crate) uuid: String,
    pub(crate) status: JobStatus,
    /// `JobStatusMetadata`, which fits into a frame.
    pub(crate) metadata: Box<RawValue>,
    /// In Unix milliseconds.
    pub(crate) queued_ms: u64,
}

/// Key of a status.
pub(crate) fn status_key(number: u64) -> String {
    format!("{PREFIX}{number:020}")
}

/// All statuses that wait. A time in the future is of a clock that was ahead, and would keep its status for longer.
pub(crate) fn restore_queue(ctx: &mut Context<'_>) -> Result<Queue> {
    let now_ms = ctx.now_ms();
    let mut queue = Queue::default();
    for (key, stored) in ctx.scan_sound::<StoredStatus>(PREFIX)? {
        let number = key.strip_prefix(PREFIX).unwrap_or_default();
        let Ok(number) = number.parse() else {
            ctx.set_aside(&key, "its key has no number")?;
            continue;
        };
        let bytes = stored.metadata.get().len() as u64;
        let status = (stored.uuid, stored.status);
        queue.insert(number, status, stored.queued_ms.min(now_ms), bytes);
    }
    Ok(queue)
}
