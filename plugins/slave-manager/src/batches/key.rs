//! The key of a batch, which is also its place in the order of service, and maps with such keys as JSON.

use std::ops::RangeInclusive;

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
pub(super) struct JobNumber {
    pub(super) block_started: u32,
    pub(super) arrival: u32,
}

/// A version of a batch. Keys sort as batches are served.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct BatchKey {
    pub(super) version: Version,
    pub(super) job: JobNumber,
    pub(super) start_nonce: u64,
}

impl BatchKey {
    pub(super) fn with_version(self, version: Version) -> Self {
        Self { version, ..self }
    }

    /// First and last key of a version.
    pub(super) fn range(version: Version) -> RangeInclusive<Self> {
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

    /// First and last key of a version of one job's batches.
    pub(super) fn job_range(version: Version, job: JobNumber) -> RangeInclusive<Self> {
        let at = |start_nonce| Self {
            version,
            job,
            start_nonce,
        };
        at(0)..=at(u64::MAX)
    }
}

/// Maps with keys that are not texts, as JSON lists of pairs.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::batches) fn serialize<K, V, S>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error>
    where
        K: Serialize,
        V: Serialize,
        S: Serializer,
    {
        serializer.collect_seq(map)
    }

    pub(in crate::batches) fn deserialize<'de, K, V, D>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let pairs: Vec<(K, V)> = Vec::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}
