//! Where a batch stands in the order in which batches are served.

use serde::{Deserialize, Serialize};

/// What is wanted of a batch, the most urgent first: a proof is worth the fee and all the work, and a doubtful root must
/// be found before it is submitted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Version {
    /// Proofs of sampled nonces, and the root.
    Proof,
    /// The root once more, from somebody else.
    Audit,
    /// The root.
    Plain,
}

impl Version {
    pub(crate) const ALL: [Self; 3] = [Self::Proof, Self::Audit, Self::Plain];

    /// For programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Audit => "audit",
            Self::Plain => "plain",
        }
    }
}

/// A job in the order of service: the one that expires first goes first, of several the one that came first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct JobNumber {
    pub(crate) block_started: u32,
    pub(crate) arrival: u32,
}

/// A version of a batch.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Place {
    pub(crate) version: Version,
    pub(crate) job: JobNumber,
    pub(crate) start_nonce: u64,
}

impl Place {
    pub(crate) fn of(self, version: Version) -> Self {
        Self { version, ..self }
    }

    /// First and last place of a version.
    pub(crate) fn range(version: Version) -> std::ops::RangeInclusive<Self> {
        let at = |number, start_nonce| Self {
            version,
            job: JobNumber {
                block_started: number,
                arrival: number,
            },
            start_nonce,
        };
        at(0, 0)..=at(u32::MAX, u64::MAX)
    }

    /// First and last place of a version of one job's batches.
    pub(crate) fn range_of(version: Version, job: JobNumber) -> std::ops::RangeInclusive<Self> {
        let at = |start_nonce| Self {
            version,
            job,
            start_nonce,
        };
        at(0)..=at(u64::MAX)
    }
}
