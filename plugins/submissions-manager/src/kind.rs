//! The three kinds of submission.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is submitted, the most urgent first: a proof is worth the fee and all the work, a precommit nothing yet.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Proof,
    Benchmark,
    Precommit,
}

impl Kind {
    /// In order of urgency.
    pub(crate) const ALL: [Self; 3] = [Self::Proof, Self::Benchmark, Self::Precommit];

    /// As in paths, event names, keys and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Benchmark => "benchmark",
            Self::Precommit => "precommit",
        }
    }

    /// Name in logs of what identifies a submission: a precommit has no benchmark yet.
    pub(crate) fn id_field(self) -> &'static str {
        match self {
            Self::Proof | Self::Benchmark => "benchmark_id",
            Self::Precommit => "precommit_id",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
