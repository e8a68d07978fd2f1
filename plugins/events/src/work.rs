//! Events about batches: between `job_manager` and `slave_manager`.

use serde::{Deserialize, Serialize};
use tig_protocol::{Batch, BatchResult};

use crate::event;

/// `new_batch`: a batch is due.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct NewBatch(pub Batch);
event!(NewBatch, "new_batch");

/// `batch_result`: a slave has delivered a batch.
///
/// Durable: the slave was told `OK` and has forgotten its work.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BatchReceived {
    /// The job.
    pub benchmark_id: String,
    /// First nonce of the batch.
    pub start_nonce: u64,
    /// Name of the slave that did the work.
    #[serde(default)]
    pub slave: String,
    /// Root, solution nonces and proofs.
    #[serde(flatten)]
    pub result: BatchResult,
}
event!(BatchReceived, "batch_result", durable);
