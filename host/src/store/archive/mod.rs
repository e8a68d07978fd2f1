//! The store of a stopped host: lists, exports and imports it as lines of JSON.
//!
//! Invariant: an import restores an export byte for byte.

mod line;

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table, WriteTransaction,
};

pub(crate) use self::line::Owner;
use self::line::{EventLine, Line, LineError, ValueLine, read, write_line, written};
use super::{FILE_NAME, LAYOUT, LAYOUT_KEY, META, OUTBOX, StoreError, VALUES};

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

pub(crate) struct Archive {
    database: Database,
    path: PathBuf,
}

impl Archive {
    /// Opens the store in `folder`, whatever its owner.
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
        let archive = Self { database, path };
        let layout = archive.owner()?.layout;
        if layout == LAYOUT {
            return Ok(archive);
        }
        Err(ArchiveError::Store(StoreError::Foreign {
            path: archive.path,
            what: LAYOUT_KEY.to_owned(),
            stored: layout,
            given: LAYOUT.to_owned(),
        }))
    }

    /// The owner.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn owner(&self) -> Result<Owner, ArchiveError> {
        let transaction = self.database.begin_read().map_err(store)?;
        let meta = transaction.open_table(META).map_err(store)?;
        let mut identity = super::owner_texts(&meta).map_err(store)?;
        let layout = identity.remove(LAYOUT_KEY).unwrap_or_default();
        Ok(Owner { layout, identity })
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
        let transaction = self.database.begin_read().map_err(store)?;
        let table = transaction.open_table(VALUES).map_err(store)?;
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
        let transaction = self.database.begin_read().map_err(store)?;
        let table = transaction.open_table(OUTBOX).map_err(store)?;
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
        let transaction = self.database.begin_read().map_err(store)?;
        let table = transaction.open_table(VALUES).map_err(store)?;
        let value = table.get((extension, key)).map_err(store)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    /// Writes the whole store as lines of JSON.
    ///
    /// # Errors
    ///
    /// The file cannot be read or the lines cannot be written.
    pub(crate) fn export(&self, to: &mut impl Write) -> Result<(), ArchiveError> {
        write_line(to, &Line::Store(self.owner()?))?;
        self.values(|extension, key, value| {
            let (json, hex) = written(value);
            let (extension, key) = (extension.to_owned(), key.to_owned());
            write_line(
                to,
                &Line::Value(ValueLine {
                    extension,
                    key,
                    json,
                    hex,
                }),
            )
        })?;
        self.events(|extension, outbox_id, name, payload| {
            let (json, hex) = written(payload);
            let (extension, name) = (extension.to_owned(), name.to_owned());
            write_line(
                to,
                &Line::Event(EventLine {
                    extension,
                    outbox_id,
                    name,
                    json,
                    hex,
                }),
            )
        })?;
        Ok(to.flush()?)
    }

    /// Creates a store in `folder` from the lines of an export, all of them or none; returns the number of values and
    /// events.
    ///
    /// # Errors
    ///
    /// A line is invalid, a host has the store open, or it is not empty.
    pub(crate) fn import(folder: &Path, from: impl BufRead) -> Result<usize, ArchiveError> {
        let path = folder.join(FILE_NAME);
        std::fs::create_dir_all(folder)?;
        let database = Database::create(&path).map_err(|error| opened(&path, error))?;
        let transaction = database.begin_write().map_err(store)?;
        let count = Filling::begin(&transaction, path)?.fill(from)?;
        transaction.commit().map_err(store)?;
        Ok(count)
    }
}

/// An empty store during an import.
struct Filling<'t> {
    meta: Table<'t, &'static str, &'static str>,
    values: Table<'t, (&'static str, &'static str), &'static [u8]>,
    outbox: Table<'t, (&'static str, u64), (&'static str, &'static [u8])>,
}

impl<'t> Filling<'t> {
    fn begin(transaction: &'t WriteTransaction, path: PathBuf) -> Result<Self, ArchiveError> {
        let filling = Self {
            meta: transaction.open_table(META).map_err(store)?,
            values: transaction.open_table(VALUES).map_err(store)?,
            outbox: transaction.open_table(OUTBOX).map_err(store)?,
        };
        let is_empty = filling.values.is_empty().map_err(store)?
            && filling.outbox.is_empty().map_err(store)?;
        if is_empty {
            Ok(filling)
        } else {
            Err(ArchiveError::NotEmpty { path })
        }
    }

    fn fill(mut self, from: impl BufRead) -> Result<usize, ArchiveError> {
        let mut count = 0;
        for (index, text) in from.lines().enumerate() {
            let number = index + 1;
            let fault = |source| ArchiveError::Line { number, source };
            let line =
                serde_json::from_str(&text?).map_err(|error| fault(LineError::Json(error)))?;
            match (number, line) {
                (1, Line::Store(owner)) if owner.layout == LAYOUT => self.set_owner(&owner)?,
                (1, _) => return Err(fault(LineError::Owner)),
                (_, Line::Store(_)) => return Err(fault(LineError::SecondOwner)),
                (_, Line::Value(line)) => {
                    let value = read(line.json, line.hex).map_err(fault)?;
                    let place = (line.extension.as_str(), line.key.as_str());
                    self.values.insert(place, value.as_slice()).map_err(store)?;
                }
                (_, Line::Event(line)) => {
                    let payload = read(line.json, line.hex).map_err(fault)?;
                    let place = (line.extension.as_str(), line.outbox_id);
                    let event = (line.name.as_str(), payload.as_slice());
                    self.outbox.insert(place, event).map_err(store)?;
                }
            }
            count = index;
        }
        match self.meta.is_empty().map_err(store)? {
            false => Ok(count),
            true => Err(ArchiveError::Line {
                number: 1,
                source: LineError::Missing,
            }),
        }
    }

    fn set_owner(&mut self, owner: &Owner) -> Result<(), ArchiveError> {
        self.meta
            .insert(LAYOUT_KEY, owner.layout.as_str())
            .map_err(store)?;
        for (key, text) in &owner.identity {
            self.meta
                .insert(key.as_str(), text.as_str())
                .map_err(store)?;
        }
        Ok(())
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

    const OWNER: &str = r#"{"store":{"layout":"1","account":"","api_url":""}}"#;

    fn import(lines: &[&str]) -> Result<usize, ArchiveError> {
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
        let newer = OWNER.replace(r#""layout":"1""#, r#""layout":"9""#);
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
