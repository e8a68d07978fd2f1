//! The state of a network as entries, which can be kept anywhere.

use std::collections::BTreeMap;

/// A state: values by key. Keys and values mean something to [`super::Network`] only.
pub type Entries = BTreeMap<String, Vec<u8>>;

/// Changes of a state.
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
