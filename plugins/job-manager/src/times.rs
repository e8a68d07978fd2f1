//! When a job came how far: for people and metrics, nothing is decided by it.

use serde::{Deserialize, Serialize};

/// Unix milliseconds by the host's clock, and heights of blocks; `None` for what has not happened, or happened in a version
/// that did not note it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Times {
    /// The precommit was seen confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) precommit_height: Option<u32>,
    /// The benchmark was handed on to be submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) computed_ms: Option<u64>,
    /// The benchmark was seen confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) benchmark_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) benchmark_height: Option<u32>,
    /// The proof was handed on to be submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proved_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abandoned_ms: Option<u64>,
}
