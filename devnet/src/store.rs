//! The file in the state folder: the state of a network, so that a restart goes on where it was.
//!
//! Changes are written entry by entry, not logged and replayed: the entries are as many as the lifespan window holds,
//! however long the network runs.
//!
//! Invariants: edits are on disk as a whole or not at all when [`Store::write`] returns; one process at a time has the
//! file (redb locks it); an entry that is not as it was written is an error.

mod damage;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use crate::network::{Edits, Entries, RestoreError};

/// Entries by key: a checksum, and the value.
const ENTRIES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries");
const FILE_NAME: &str = "tig-devnet.redb";
/// The folder may come to hold the keys of players.
const FOLDER_MODE: u32 = 0o700;
const CHECKSUM_BYTES: usize = 16;
/// Memory of the database; the state is in memory anyway.
const CACHE_BYTES: usize = 16 << 20;

/// Why the state cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be made or opened.
    #[error("cannot open the state {}: {reason}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's or the database's reason.
        reason: String,
    },
    /// Another process has the file.
    #[error("the state {} is in use by another tig-devnet: stop that one, or use another folder", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is not as it was written.
    #[error("the state {} is damaged ({reason}): put a copy of it back, or use another folder", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The check that failed.
        reason: String,
    },
    /// The file is whole, and yet not a state.
    #[error("the state {} cannot be used", path.display())]
    Restore {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<RestoreError>,
    },
    /// Reading or writing failed.
    #[error("cannot read or write the state")]
    Database(#[source] Box<redb::Error>),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

/// The file of a network's state.
#[derive(Debug)]
pub struct Store {
    database: Database,
    path: PathBuf,
}

impl Store {
    /// Opens the state in `folder`, or makes an empty one; with the entries that are there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(folder: &Path) -> Result<(Self, Entries), StoreError> {
        let path = folder.join(FILE_NAME);
        let failed = |reason: String| StoreError::Open {
            path: path.clone(),
            reason,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(folder)
            .map_err(|error| failed(error.to_string()))?;
        let open = || {
            let database = Database::builder()
                .set_cache_size(CACHE_BYTES)
                .create(&path)
                .map_err(|error| match error {
                    redb::DatabaseError::DatabaseAlreadyOpen => {
                        StoreError::InUse { path: path.clone() }
                    }
                    other => failed(other.to_string()),
                })?;
            let path = path.clone();
            let store = Self { database, path };
            let entries = store.entries()?;
            Ok((store, entries))
        };
        damage::caught(open).unwrap_or_else(|reason| {
            let path = path.clone();
            Err(StoreError::Damaged { path, reason })
        })
    }

    /// Makes the changes; they are on disk when it returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, edits: &Edits) -> Result<(), StoreError> {
        let transaction = self.database.begin_write()?;
        if edits.clear {
            transaction.delete_table(ENTRIES)?;
        }
        {
            let mut table = transaction.open_table(ENTRIES)?;
            for key in &edits.remove {
                table.remove(key.as_str())?;
            }
            for (key, value) in &edits.put {
                table.insert(key.as_str(), &*sealed(key, value))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// The error for entries that were read and are not a state.
    pub fn unusable(&self, source: RestoreError) -> StoreError {
        StoreError::Restore {
            path: self.path.clone(),
            source: Box::new(source),
        }
    }

    fn entries(&self) -> Result<Entries, StoreError> {
        let transaction = self.database.begin_read()?;
        let table = match transaction.open_table(ENTRIES) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Entries::new()),
            table => table?,
        };
        let mut entries = Entries::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            let key = key.value();
            let value = unsealed(key, value.value()).ok_or_else(|| StoreError::Damaged {
                path: self.path.clone(),
                reason: format!("the checksum of {key:?} is wrong"),
            })?;
            entries.insert(key.to_owned(), value.to_vec());
        }
        Ok(entries)
    }
}

fn sealed(key: &str, value: &[u8]) -> Vec<u8> {
    [&checksum(key, value)[..], value].concat()
}

fn unsealed<'a>(key: &str, sealed: &'a [u8]) -> Option<&'a [u8]> {
    let (sum, value) = sealed.split_at_checked(CHECKSUM_BYTES)?;
    (sum == checksum(key, value)).then_some(value)
}

fn checksum(key: &str, value: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key.as_bytes());
    hasher.update(value);
    let mut sum = [0; CHECKSUM_BYTES];
    hasher.finalize_xof().fill(&mut sum);
    sum
}
