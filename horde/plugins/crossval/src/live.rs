//! What is not stored, and handed over at a reload. A kill loses nothing that could not be asked for again.

use std::collections::{BTreeMap, BTreeSet};

use horde_events::LlmSamplesWanted;
use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;
use crate::bucket_check::{BucketCheck, BucketFault};
use crate::pool::Drawn;
use crate::station::StationName;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Live {
    /// The host drains: nothing new is begun.
    #[serde(default)]
    pub(crate) is_draining: bool,
    /// The trusted miner has shown its manifest.
    pub(crate) is_link_up: bool,
    /// The job for which it was wanted last.
    pub(crate) link_for: Option<String>,
    /// A link of the run before a start, which `horde_miners` has stored, was thought of.
    pub(crate) is_started: bool,
    /// When the last job that needed the link has ended, in Unix milliseconds, until it is let go.
    pub(crate) link_idle_since_ms: Option<u64>,
    /// `horde_miners` was asked for the job since the start.
    pub(crate) is_asked: bool,
    /// The answers of the job are on their way.
    pub(crate) is_reading: bool,
    /// The last job of the trusted miner was an answering one.
    pub(crate) has_answered_last: bool,
    pub(crate) run: Option<Run>,
    /// Workloads on their way into the bucket.
    pub(crate) uploads: BTreeSet<String>,
    /// Objects whose deletion is under way, by name.
    pub(crate) deletions: BTreeSet<String>,
    /// What is known of the buckets.
    #[serde(default)]
    pub(crate) buckets: BTreeMap<Bucket, BucketState>,
    /// Samples that are wanted, until `give_ms`.
    pub(crate) asks: Vec<LlmSamplesWanted>,
    pub(crate) give_ms: u64,
    /// The last batch that got fewer samples than it wanted.
    #[serde(default)]
    pub(crate) last_shortage: Option<Shortage>,
    /// When expired records were looked for last, in Unix milliseconds.
    pub(crate) swept_ms: u64,
    /// When an operator was reminded of each thing last, in Unix milliseconds.
    pub(crate) reminded_ms: BTreeMap<String, u64>,
    /// What each station does, and since when.
    pub(crate) states: BTreeMap<StationName, State>,
}

/// What is known of a bucket.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct BucketState {
    /// The bucket of which it is known.
    pub(crate) url: String,
    /// Its region, and the key that signs for it.
    #[serde(default)]
    pub(crate) settings: String,
    /// The check under way.
    pub(crate) check: Option<BucketCheck>,
    /// The next check is due now, whenever the last one was.
    #[serde(default)]
    pub(crate) is_suspected: bool,
    /// When the last one ended, in Unix milliseconds.
    pub(crate) checked_ms: Option<u64>,
    /// What it has found.
    pub(crate) faults: Vec<BucketFault>,
    /// Since when that is so, in Unix milliseconds.
    pub(crate) since_ms: Option<u64>,
    /// When the faults were logged, in Unix milliseconds.
    pub(crate) logged_ms: u64,
}

/// Executors that could not be tested.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Shortage {
    /// When, in Unix milliseconds.
    pub(crate) at_ms: u64,
    pub(crate) batch: String,
    pub(crate) missing: usize,
    pub(crate) wanted: usize,
    pub(crate) reason: String,
}

/// What a station does.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct State {
    pub(crate) text: String,
    /// In Unix milliseconds.
    pub(crate) since_ms: u64,
}

/// A run of sampling.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Run {
    /// Samples that are still to be drawn.
    pub(crate) missing: usize,
    /// Series that were not asked for yet; the last one is next.
    pub(crate) queue: Vec<String>,
    /// Series that are on their way.
    pub(crate) open: BTreeSet<String>,
    /// What was drawn for the next workload.
    pub(crate) drawn: Vec<Drawn>,
    /// Series that were not there, and why. It is their fault if others were.
    pub(crate) absent: BTreeMap<String, String>,
    /// Series that were there.
    pub(crate) read: usize,
    /// Workloads that were made.
    pub(crate) made: usize,
    /// Why the bucket cannot be read.
    pub(crate) failure: Option<String>,
}
