//! The storage of a harness.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Harness;
use crate::Extension;

impl<E: Extension> Harness<E> {
    /// What is stored, by key.
    #[must_use]
    pub fn stored(&self) -> BTreeMap<String, Value> {
        let value = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
        self.host
            .stored
            .iter()
            .map(|(key, bytes)| (key.clone(), value(bytes)))
            .collect()
    }

    /// Puts bytes into the storage, such as a damaged record for a [`Harness::restart`] to find.
    pub fn store(&mut self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.host.stored.insert(key.to_owned(), bytes.into());
    }
}
