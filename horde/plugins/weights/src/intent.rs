//! What is to be set: decided once for each cycle and stored before anything is sent (section 10.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The weights of a cycle, and by which way they go to the chain. Every attempt sends the same.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Intent {
    /// The block at which it was decided.
    pub(crate) block: u32,
    /// `uid` of this validator then; `None` in records of before.
    #[serde(default)]
    pub(crate) uid: Option<u16>,
    /// `last_update` of this validator then.
    pub(crate) last_update: u32,
    #[serde(flatten)]
    pub(crate) way: Way,
}

/// The way to the chain, with what is sent on it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "way")]
pub(crate) enum Way {
    /// Pylon sets them.
    Pylon {
        /// By hotkey.
        weights: BTreeMap<String, f64>,
    },
    /// They are set at once.
    Direct(UidValues),
    /// They are committed to and revealed.
    Commit {
        /// `0x` and 64 digits.
        commit_hash: String,
        #[serde(flatten)]
        values: UidValues,
        salt: Salt,
    },
}

/// Weights as the chain takes them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct UidValues {
    /// Ascending.
    pub(crate) uids: Vec<u16>,
    pub(crate) values: Vec<u16>,
    pub(crate) version_key: u64,
}

/// Random numbers that keep weights from being guessed: secret until they are revealed.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Salt(pub(crate) Vec<u16>);

impl std::fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Salt(..)")
    }
}

impl Intent {
    /// The hash of a commitment.
    pub(crate) fn commit_hash(&self) -> Option<&str> {
        match &self.way {
            Way::Commit { commit_hash, .. } => Some(commit_hash),
            Way::Pylon { .. } | Way::Direct(_) => None,
        }
    }
}
