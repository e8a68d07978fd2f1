//! The state of a network as entries, so that it can be kept on disk and a restart goes on where it was.
//!
//! What changes is written entry by entry, not logged and replayed: the entries are as many as the lifespan window holds,
//! however long the network runs.

mod damage;
mod store;

use std::collections::BTreeMap;

use tig_worker::BadModule;

use crate::network::GenesisError;

pub use store::{Store, StoreError};

/// A state: values by key. Keys and values mean something to [`crate::Network`] only.
pub type Entries = BTreeMap<String, Vec<u8>>;

/// What has changed of a state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    /// Whether everything goes first.
    pub clear: bool,
    /// Entries that are new or differ.
    pub put: Entries,
    /// Keys of entries that are gone.
    pub remove: Vec<String>,
}

impl Edits {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        !self.clear && self.put.is_empty() && self.remove.is_empty()
    }

    /// Makes the changes.
    pub fn apply(self, entries: &mut Entries) {
        if self.clear {
            entries.clear();
        }
        for key in self.remove {
            entries.remove(&key);
        }
        entries.extend(self.put);
    }
}

/// Why entries are no state.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// They were written by a program that keeps something else.
    #[error(
        "it was written by another version of tig-devnet (layout {found}, not {known}); use that one, or another folder"
    )]
    Layout {
        /// That of the entries.
        found: u32,
        /// The one that is understood.
        known: u32,
    },
    /// An entry is not as it was written.
    #[error("entry {key} cannot be read")]
    Entry {
        /// Its key.
        key: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// Something is not there.
    #[error("{0} are missing")]
    Missing(&'static str),
    /// An algorithm does not compile any more.
    #[error("algorithm {id} cannot be used any more")]
    Algorithm {
        /// Its id.
        id: String,
        /// Why not.
        source: BadModule,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] GenesisError),
}
