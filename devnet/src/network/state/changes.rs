//! Which parts of the state have changed.
//!
//! Invariant: whatever changes the state names the entries; `a_restored_network_is_the_same` fails if it does not.

use std::collections::BTreeSet;

/// Key of a part of the state that is kept as one entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Accounts,
    /// By height.
    Block(u32),
    /// By benchmark id.
    Record(String),
    /// By transaction hash.
    Topup(String),
    Algorithm(String),
}

/// Which entries have changed since they were last taken.
#[derive(Default)]
pub(crate) struct Changes {
    /// Nobody keeps a state that is not tracked.
    tracked: bool,
    everything: bool,
    keys: BTreeSet<Key>,
}

/// The same for equal states: what waits to be taken does not count.
impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Changes")
    }
}

impl Changes {
    /// All that is there is kept already.
    pub(in crate::network) fn tracked() -> Self {
        Self {
            tracked: true,
            ..Self::default()
        }
    }

    pub(in crate::network) fn is_tracked(&self) -> bool {
        self.tracked
    }

    pub(in crate::network) fn touch(&mut self, key: Key) {
        if self.tracked {
            self.keys.insert(key);
        }
    }

    pub(super) fn touch_everything(&mut self) {
        self.everything = self.tracked;
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.everything && self.keys.is_empty()
    }

    pub(super) fn is_everything(&self) -> bool {
        self.everything
    }

    pub(super) fn into_keys(self) -> BTreeSet<Key> {
        self.keys
    }
}
