//! The storage of a replayed extension, in memory.

use std::collections::BTreeMap;

use crate::store::Writes;

/// What an extension has stored.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Storage(BTreeMap<String, Vec<u8>>);

impl Storage {
    pub(super) fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// All keys that begin with `prefix`, with their values.
    pub(super) fn scan(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let from_prefix = self.0.range(prefix.to_owned()..);
        from_prefix
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    pub(super) fn write(&mut self, key: String, value: Option<Vec<u8>>) {
        match value {
            Some(value) => self.0.insert(key, value),
            None => self.0.remove(&key),
        };
    }

    /// Applies the writes of a handler that has succeeded.
    pub(super) fn apply(&mut self, writes: Writes) {
        for (key, value) in writes {
            self.write(key, value.map(|value| value.to_vec()));
        }
    }

    /// The first key whose value differs from that of `other`, when `cover` has covered the secrets of this one's.
    pub(super) fn differing_key(&self, other: &Self, cover: impl Fn(&mut [u8])) -> Option<String> {
        let covered = |value: &[u8]| {
            let mut value = value.to_vec();
            cover(&mut value);
            value
        };
        let differs =
            |key: &&String| self.get(key).map(&covered) != other.get(key).map(<[u8]>::to_vec);
        self.0.keys().chain(other.0.keys()).find(differs).cloned()
    }
}
