//! Reads values as of one moment.

use std::collections::BTreeMap;

use redb::{Database, ReadOnlyTable, ReadableDatabase};

use super::{StoreError, VALUES};

/// The values as of one moment. While a view exists, the file keeps them.
pub(crate) struct View(ReadOnlyTable<(&'static str, &'static str), &'static [u8]>);

impl View {
    /// A view of the present values.
    pub(super) fn open(database: &Database) -> Result<Self, StoreError> {
        Ok(Self(database.begin_read()?.open_table(VALUES)?))
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn get(&self, extension: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.0.get((extension, key))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    /// Visits all values of an extension, by key.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or `visit` fails.
    pub(crate) fn visit<E: From<StoreError>>(
        &self,
        extension: &str,
        mut visit: impl FnMut(&str, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let entries = self.0.range((extension, "")..).map_err(StoreError::from)?;
        for entry in entries {
            let (key, value) = entry.map_err(StoreError::from)?;
            let (owner, key) = key.value();
            if owner != extension {
                break;
            }
            visit(key, value.value())?;
        }
        Ok(())
    }

    /// Reads all keys that begin with `prefix`, with their values.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn scan(
        &self,
        extension: &str,
        prefix: &str,
    ) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let mut found = BTreeMap::new();
        for entry in self.0.range((extension, prefix)..)? {
            let (key, value) = entry?;
            let (owner, key) = key.value();
            if owner != extension || !key.starts_with(prefix) {
                break;
            }
            found.insert(key.to_owned(), value.value().to_vec());
        }
        Ok(found)
    }
}
