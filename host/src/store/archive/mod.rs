//! The store of a stopped or running host: lists and exports it as lines of JSON, which make the same store elsewhere.
//!
//! Invariant: an import restores an export byte for byte.

mod import;
mod line;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use self::line::{EventLine, Line, LineError, Owner, ValueLine, write_line, written};
use super::layout::{self, Header};
use super::{FILE_NAME, OUTBOX, StoreError, VALUES};
use crate::config::Identity;

/// Why a store cannot be listed, exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no store.
    #[error("there is no store {}; name the backup folder by --backup or --config", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// An import needs an empty store.
    #[error("the store {} is not empty; import into another backup folder", path.display())]
    NotEmpty {
        /// The file.
        path: PathBuf,
    },
    /// A line is not one of an export.
    #[error("line {number}: {source}; nothing was imported")]
    Line {
        /// Number of the line, from 1.
        number: usize,
        /// What is wrong with it.
        source: LineError,
    },
    /// The lines cannot be read or written.
    #[error("cannot read or write the export: {0}")]
    Io(#[from] io::Error),
}

/// Converts redb's own errors.
fn store(error: impl Into<StoreError>) -> ArchiveError {
    ArchiveError::Store(error.into())
}

/// A store as of one moment, whatever its owner. While it exists, the file keeps what it shows.
pub(crate) struct Archive {
    header: Header,
    transaction: ReadTransaction,
    /// Dropped last: the transaction reads from it.
    _database: Arc<Database>,
}

impl Archive {
    /// Opens the store in `folder`.
    ///
    /// # Errors
    ///
    /// The store is missing, in use, damaged or of another layout.
    pub(crate) fn open(folder: &Path) -> Result<Self, ArchiveError> {
        let path = folder.join(FILE_NAME);
        if !path.exists() {
            return Err(ArchiveError::Missing { path });
        }
        let database = Database::open(&path).map_err(|error| opened(&path, error))?;
        let archive = Self::of(Arc::new(database))?;
        if archive.header.known_layout().is_some() {
            return Ok(archive);
        }
        Err(ArchiveError::Store(StoreError::Newer {
            path,
            stored: archive.header.layout,
            written_by: archive.header.written_by,
        }))
    }

    /// The present state of an open store.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) fn of(database: Arc<Database>) -> Result<Self, StoreError> {
        Ok(Self {
            header: layout::read(&database)?.unwrap_or_default(),
            transaction: database.begin_read()?,
            _database: database,
        })
    }

    /// For whom the store was made.
    #[must_use]
    pub(crate) fn identity(&self) -> &Identity {
        &self.header.identity
    }

    /// Number of values and undelivered events.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn count(&self) -> Result<u64, ArchiveError> {
        let values = self.transaction.open_table(VALUES).map_err(store)?;
        let events = self.transaction.open_table(OUTBOX).map_err(store)?;
        Ok(values.len().map_err(store)? + events.len().map_err(store)?)
    }

    /// Passes extension, key and bytes of each value to `show`, in order.
    ///
    /// # Errors
    ///
    /// The file cannot be read; earlier values were shown.
    pub(crate) fn values(
        &self,
        mut show: impl FnMut(&str, &str, &[u8]) -> io::Result<()>,
    ) -> Result<(), ArchiveError> {
        let table = self.transaction.open_table(VALUES).map_err(store)?;
        for entry in table.iter().map_err(store)? {
            let (place, value) = entry.map_err(store)?;
            let (extension, key) = place.value();
            show(extension, key, value.value())?;
        }
        Ok(())
    }

    /// Passes extension, outbox id, name and payload of each undelivered event to `show`.
    ///
    /// # Errors
    ///
    /// As for [`Archive::values`].
    pub(crate) fn events(
        &self,
        mut show: impl FnMut(&str, u64, &str, &[u8]) -> io::Result<()>,
    ) -> Result<(), ArchiveError> {
        let table = self.transaction.open_table(OUTBOX).map_err(store)?;
        for entry in table.iter().map_err(store)? {
            let (place, event) = entry.map_err(store)?;
            let ((extension, id), (name, payload)) = (place.value(), event.value());
            show(extension, id, name, payload)?;
        }
        Ok(())
    }

    /// Reads one value.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn get(&self, extension: &str, key: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let table = self.transaction.open_table(VALUES).map_err(store)?;
        let value = table.get((extension, key)).map_err(store)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    /// Writes the whole store as lines of JSON.
    ///
    /// # Errors
    ///
    /// The file cannot be read or the lines cannot be written.
    pub(crate) fn export(&self, to: &mut impl Write) -> Result<(), ArchiveError> {
        let owner = Owner {
            layout: self.header.layout.clone(),
            identity: self.header.identity.clone(),
        };
        write_line(to, &Line::Store(owner))?;
        self.values(|extension, key, value| {
            let (json, hex) = written(value);
            let (extension, key) = (extension.to_owned(), key.to_owned());
            let line = ValueLine {
                extension,
                key,
                json,
                hex,
            };
            write_line(to, &Line::Value(line))
        })?;
        self.events(|extension, outbox_id, name, payload| {
            let (json, hex) = written(payload);
            let (extension, name) = (extension.to_owned(), name.to_owned());
            let line = EventLine {
                extension,
                outbox_id,
                name,
                json,
                hex,
            };
            write_line(to, &Line::Event(line))
        })?;
        Ok(to.flush()?)
    }
}

fn opened(path: &Path, error: redb::DatabaseError) -> ArchiveError {
    let path = path.to_owned();
    ArchiveError::Store(match error {
        redb::DatabaseError::DatabaseAlreadyOpen => StoreError::InUse { path },
        other => StoreError::Open {
            path,
            reason: other.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::Store;

    const OWNER: &str = r#"{"store":{"layout":"2","account":"","api_url":""}}"#;

    fn import(lines: &[&str]) -> Result<u64, ArchiveError> {
        let folder = tempfile::tempdir().unwrap();
        Archive::import(folder.path(), lines.join("\n").as_bytes())
    }

    #[test]
    fn invalid_line_is_named_with_its_fault() {
        let fault = |lines: &[&str]| match import(lines) {
            Err(ArchiveError::Line { number, source }) => (number, source),
            other => panic!("expected a fault, got {other:?}"),
        };
        assert_eq!(import(&[OWNER]).unwrap(), 0);
        assert!(matches!(fault(&[]), (1, LineError::Missing)));
        assert!(matches!(fault(&[OWNER, "{"]), (2, LineError::Json(_))));
        assert!(matches!(
            fault(&[OWNER, OWNER]),
            (2, LineError::SecondOwner)
        ));
        let newer = OWNER.replace(r#""layout":"2""#, r#""layout":"9""#);
        assert!(matches!(fault(&[&newer]), (1, LineError::Owner)));
        let value = r#"{"value":{"extension":"x","key":"k"}}"#;
        assert!(matches!(fault(&[OWNER, value]), (2, LineError::Encoding)));
        let value = r#"{"value":{"extension":"x","key":"k","hex":"0g"}}"#;
        assert!(matches!(fault(&[OWNER, value]), (2, LineError::Hex(_))));
    }

    #[test]
    fn store_that_cannot_be_exported_or_filled_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Archive::open(folder.path()).err().unwrap();
        assert!(matches!(missing, ArchiveError::Missing { .. }), "{missing}");
        let store = Store::open(folder.path(), &BTreeMap::new()).unwrap();
        let in_use = Archive::open(folder.path()).err().unwrap();
        assert!(
            matches!(in_use, ArchiveError::Store(StoreError::InUse { .. })),
            "{in_use}"
        );
        drop(store);
        let value = r#"{"value":{"extension":"x","key":"k","json":7}}"#;
        let lines = [OWNER, value].join("\n");
        assert_eq!(Archive::import(folder.path(), lines.as_bytes()).unwrap(), 1);
        let full = Archive::import(folder.path(), lines.as_bytes()).unwrap_err();
        assert!(matches!(full, ArchiveError::NotEmpty { .. }), "{full}");
        let archive = Archive::open(folder.path()).unwrap();
        // An output with room for a part of the export.
        let failed = archive.export(&mut &mut [0; 9][..]).unwrap_err();
        assert!(matches!(failed, ArchiveError::Io(_)), "{failed}");
    }
}
