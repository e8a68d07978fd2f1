//! Events about batches: between `job_manager` and `slave_manager`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_protocol::{Batch, BatchResult, MerkleHash};

use crate::event;

/// `new_batch`: a batch is due.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct NewBatch(pub Batch);
event!(NewBatch, "new_batch");

/// `audit_batch`: a batch that has a result is to be computed once more, by somebody else.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AuditBatch {
    /// The batch, without sampled nonces.
    pub batch: Batch,
    /// Slaves that have computed it already.
    pub not_for: Vec<String>,
    /// The slave whose word decides, if one is configured.
    #[serde(default)]
    pub only_for: Option<String>,
}
event!(AuditBatch, "audit_batch");

/// `batches_withdrawn`: no slave need compute batches of a job any more that wait for one.
///
/// Where it is missed, slaves compute some of them in vain, at most until the job ends.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BatchesWithdrawn {
    /// The job.
    pub benchmark_id: String,
    /// Only those of `audit_batch`: nothing is left to be checked.
    #[serde(default)]
    pub audits_only: bool,
}
event!(BatchesWithdrawn, "batches_withdrawn");

/// `batch_result`: a slave has delivered a batch.
///
/// Durable: the slave was answered `OK` and has forgotten its work.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BatchReceived {
    /// The job.
    pub benchmark_id: String,
    /// First nonce of the batch.
    pub start_nonce: u64,
    /// Name of the slave that did the work.
    #[serde(default)]
    pub slave: String,
    /// Random hash of the batch that was computed, as far as known; it changes if the network takes a block back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rand_hash: Option<String>,
    /// Root, solution nonces and proofs.
    #[serde(flatten)]
    pub result: BatchResult,
}
event!(BatchReceived, "batch_result", durable);

/// `result_refused`: a delivered result does not fit its job.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ResultRefused {
    /// The job.
    pub benchmark_id: String,
    /// First nonce of the batch.
    pub start_nonce: u64,
    /// Name of the slave.
    pub slave: String,
    /// Why.
    pub reason: String,
    /// Whether its root is another than the slave's own earlier one, or than the one that two slaves have found.
    #[serde(default)]
    pub contradicts: bool,
}
event!(ResultRefused, "result_refused");

/// `slave_convicted`: a result of this slave differs from one on which others agree.
///
/// Durable: the comparison is made once.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SlaveConvicted {
    /// Name of the slave.
    pub slave: String,
    /// The job.
    pub benchmark_id: String,
    /// First nonce of the batch.
    pub start_nonce: u64,
    /// Root that the slave has stated.
    pub stated: MerkleHash,
    /// Root that the others have stated; equal to `stated` if the solutions differ.
    pub agreed: MerkleHash,
    /// Who has stated that.
    pub witnesses: Vec<String>,
}
event!(SlaveConvicted, "slave_convicted", durable);

/// `slave_quarantined`: a slave gets no more work, and what it has delivered is not to be relied on.
///
/// Durable: results to be discarded are the job manager's.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SlaveQuarantined {
    /// Name of the slave.
    pub slave: String,
    /// Why.
    pub reason: String,
    /// Milliseconds since the Unix epoch at which it ends.
    pub until_ms: u64,
}
event!(SlaveQuarantined, "slave_quarantined", durable);

/// `throughput`: how fast the slaves are, and how much is before them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Throughput {
    /// By challenge id; challenges of which nothing is known are left out.
    pub challenges: BTreeMap<String, ChallengeThroughput>,
    /// Jobs that are not abandoned; `None` from an emitter that does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u64>,
    /// Slaves that have delivered something in the last ten minutes; `None` from an emitter that does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slaves: Option<u64>,
    /// Batches that slaves have delivered per minute, lately; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches_per_minute: Option<f64>,
}
event!(Throughput, "throughput");

/// Part of [`Throughput`].
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ChallengeThroughput {
    /// Nonces computed per second while there was work of this challenge; `None` if too little was measured.
    pub nonces_per_second: Option<f64>,
    /// Nonces of open jobs that still have to be computed, or, for two retry delays, to be checked before their jobs can be proved.
    pub open_nonces: u64,
    /// Jobs whose batches all have results, and whose benchmark no block has confirmed; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computed_jobs: Option<u64>,
}

/// `fleet`: how many slaves there are, and how busy they are.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Fleet {
    /// Slaves that have asked for work lately.
    pub slaves: u64,
    /// Part of their time that they had work in, lately, between 0 and 1; `None` if it is not known.
    #[serde(default)]
    pub busy_share: Option<f64>,
}
event!(Fleet, "fleet", latest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_throughput_decodes() {
        let text = r#"{"challenges":{"c001":{"nonces_per_second":2.5,"open_nonces":7}}}"#;
        let throughput: Throughput = serde_json::from_str(text).unwrap();
        assert_eq!(throughput.challenges["c001"].open_nonces, 7);
        assert_eq!(serde_json::to_string(&throughput).unwrap(), text);
    }
}
