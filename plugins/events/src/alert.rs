//! What a person should hear of, by whatever way an extension may send it.

use serde::{Deserialize, Serialize};

use crate::event;

/// `alert`: something that a person must look at. Emitted once per occurrence; the log has it too.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Alert {
    /// Of a closed set.
    pub kind: AlertKind,
    /// The benchmark, if it is about one.
    #[serde(default)]
    pub benchmark_id: Option<String>,
    /// What has happened, and what to do.
    pub text: String,
}
event!(Alert, "alert");

/// Kinds of [`Alert`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A proof of ours was found wrong.
    Fraud,
    /// The fee balance will not last.
    FeeBalanceLow,
    /// The API lists nothing of what it has listed before.
    ListingEmptied,
    /// The API answers, but there are no new blocks.
    NetworkStalled,
    /// The API has refused a benchmark or proof for good.
    SubmissionRejected,
}
