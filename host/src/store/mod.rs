//! The data that outlives the process: one file in the backup folder.
//!
//! Invariants: when [`Store::commit`] returns, a transaction is on disk as a whole or not at all; the file belongs to
//! one identity; one process at a time has it open (redb locks the file).

mod archive;
mod commit;
mod damage;
mod former;
#[cfg(test)]
pub(crate) mod fragile;
mod layout;
#[cfg(test)]
mod upgrade_tests;
mod view;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

pub(crate) use archive::{Archive, ArchiveError};
pub(crate) use commit::{Commit, Emitted, OutboxEntry, Writes};
pub(crate) use damage::Damage;
use layout::Header;
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};
use tig_process::file_signature::Signature;
use tig_process::ownership::{self, RootRefused};
use tracing::info;
pub(crate) use view::View;

use crate::config::{Identity, is_same_id};

/// Values by extension and key.
const VALUES: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("values");

/// Durable events by extension and outbox id: name and payload.
const OUTBOX: TableDefinition<'_, (&str, u64), (&str, &[u8])> = TableDefinition::new("outbox");

/// Stands for the path of a store without a file.
const IN_MEMORY: &str = "in memory";

/// Name of the file in the backup folder.
pub(crate) const FILE_NAME: &str = "tig-host.redb";

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be created or opened.
    #[error("cannot open the store {}: {reason}; check `backup_folder` and its permissions", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's or the database's reason.
        reason: String,
    },
    /// The file is not as redb wrote it.
    #[error("the store {} is damaged ({source}) and is left as it is; put a copy of it back, or set `backup_folder` to another folder", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold.
        source: Damage,
    },
    /// The process is root's, and the store that of a service with a user of its own.
    #[error(transparent)]
    Root(#[from] RootRefused),
    /// Another process has the file open.
    #[error("the store {} is in use by another tig-host; stop that one, or set `backup_folder` to another", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The store belongs to another identity.
    #[error(
        "the store {} belongs to {what} `{stored}`, not `{given}`; set `backup_folder` to another folder",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// A key of the identity.
        what: String,
        /// The value in the file.
        stored: String,
        /// The value in the config.
        given: String,
    },
    /// A newer host has written the store.
    #[error(
        "the store {} has layout {stored}, which tig-host {} wrote; this tig-host {} knows layouts up to {}: install the newer one \
         again, or put back the copy that it kept in before-upgrade/",
        path.display(), written_by.as_deref().unwrap_or("of a later version"), env!("CARGO_PKG_VERSION"), layout::LAYOUT
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        stored: String,
        /// Version of the host that has written it, if it says so.
        written_by: Option<String>,
    },
    /// The store of an earlier host cannot be copied before its upgrade.
    #[error(
        "cannot copy the store {} before its upgrade, so it is left as it is: {source}; make room for a copy of it in its folder",
        path.display()
    )]
    Copy {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Reading or writing failed.
    #[error("store: {0}")]
    Database(#[from] redb::Error),
    /// A running host cannot write any more.
    #[error("nothing can be stored any more: {reason}; repair the disk and restart the host")]
    Failed {
        /// The first failure.
        reason: String,
    },
}

/// Lets `?` convert each of redb's error types.
macro_rules! database_error {
    ($($type:ty),+) => {
        $(impl From<$type> for StoreError {
            fn from(error: $type) -> Self {
                Self::Database(error.into())
            }
        })+
    };
}
database_error!(
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);

/// A durable event that was not handled before the process ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Undelivered {
    /// Its key.
    pub outbox_id: u64,
    /// Name of the event.
    pub name: String,
    /// Its arguments.
    pub payload: Vec<u8>,
}

/// The stored values of all extensions, and the outbox of durable events.
pub struct Store {
    database: Arc<Database>,
    next_outbox_id: AtomicU64,
    /// Path and identity of the file; `None` in memory.
    place: Option<(PathBuf, Signature)>,
}

impl Store {
    /// Opens the store in `folder`, or creates it, for this identity.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn open(folder: &Path, identity: &Identity) -> Result<Self, StoreError> {
        let path = folder.join(FILE_NAME);
        let failed = |reason: String| StoreError::Open {
            path: path.clone(),
            reason,
        };
        ownership::refuse_root(&path)?;
        std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        let open = || {
            let database = Database::create(&path).map_err(|error| match error {
                redb::DatabaseError::DatabaseAlreadyOpen => {
                    StoreError::InUse { path: path.clone() }
                }
                other => failed(other.to_string()),
            })?;
            claim(&database, Some(&path), identity)?;
            let place = Signature::of(&path).map(|file| (path.clone(), file));
            Ok(Self {
                place,
                ..Self::from_database(database)?
            })
        };
        damage::catch_damage(open).unwrap_or_else(|source| {
            let path = path.clone();
            Err(StoreError::Damaged { path, source })
        })
    }

    /// A store in memory, lost when it is dropped.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        Self::with_backend(InMemoryBackend::new())
    }

    /// Opens the store on another backend than a file, or creates it.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn with_backend(backend: impl StorageBackend) -> Result<Self, StoreError> {
        Self::build(&Database::builder(), backend)
    }

    /// Like [`Store::with_backend`], but every read asks the backend.
    #[cfg(test)]
    pub(crate) fn uncached(backend: impl StorageBackend) -> Result<Self, StoreError> {
        Self::build(Database::builder().set_cache_size(0), backend)
    }

    fn build(builder: &redb::Builder, backend: impl StorageBackend) -> Result<Self, StoreError> {
        let database = builder
            .create_with_backend(backend)
            .map_err(|error| StoreError::Open {
                path: PathBuf::from(IN_MEMORY),
                reason: error.to_string(),
            })?;
        claim(&database, None, &Identity::new())?;
        Self::from_database(database)
    }

    fn from_database(database: Database) -> Result<Self, StoreError> {
        let next_outbox_id = AtomicU64::new(last_outbox_id(&database)? + 1);
        Ok(Self {
            database: Arc::new(database),
            next_outbox_id,
            place: None,
        })
    }

    /// Runs `work`, which reads or writes the file, and reports damage: another program may have written to the file.
    fn unless_damaged<T>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        damage::catch_damage(work).unwrap_or_else(|source| {
            // Closing the database would panic too.
            std::mem::forget(Arc::clone(&self.database));
            let path = self.place.as_ref().map(|(path, _)| path.clone());
            let path = path.unwrap_or_default();
            Err(StoreError::Damaged { path, source })
        })
    }

    /// Why stored values will be lost when the host ends, if so: another file lies at the path of the open one.
    #[must_use]
    pub(crate) fn displaced(&self) -> Option<String> {
        let (path, opened) = self.place.as_ref()?;
        let present = Signature::of(path);
        if present.is_some_and(|present| present.is_same_file(opened)) {
            return None;
        }
        Some(format!(
            "the store {} was removed or replaced while the host ran; stop the host before you remove or restore a store",
            path.display()
        ))
    }

    /// A view of the present values.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn view(&self) -> Result<View, StoreError> {
        View::open(&self.database)
    }

    /// The whole store as of this moment, to export it.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn archive(&self) -> Result<Archive, StoreError> {
        Archive::of(Arc::clone(&self.database))
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn get(&self, extension: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.unless_damaged(|| self.view()?.get(extension, key))
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
        self.unless_damaged(|| self.view()?.scan(extension, prefix))
    }

    /// The durable events that `extension` has not handled, in the order of their emission.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn undelivered(&self, extension: &str) -> Result<Vec<Undelivered>, StoreError> {
        let table = self.database.begin_read()?.open_table(OUTBOX)?;
        let mut found = Vec::new();
        for entry in table.range((extension, 0)..=(extension, u64::MAX))? {
            let (key, value) = entry?;
            let (name, payload) = value.value();
            found.push(Undelivered {
                outbox_id: key.value().1,
                name: name.to_owned(),
                payload: payload.to_vec(),
            });
        }
        Ok(found)
    }
}

/// Writes the identity into a new store, and compares it with that of an old one, which is brought to the present layout.
fn claim(database: &Database, path: Option<&Path>, identity: &Identity) -> Result<(), StoreError> {
    let place = path.unwrap_or(Path::new(IN_MEMORY));
    let header = layout::read(database)?;
    let from = match &header {
        Some(header) => Some(claimable(header, place, identity)?),
        None => None,
    };
    if let (Some(header), Some(path)) = (header, path)
        && from.is_some_and(|from| from < layout::LAYOUT)
    {
        keep_former(path, &header.layout)?;
    }
    let transaction = database.begin_write()?;
    layout::bring_up(&transaction, from)?;
    layout::add_identity(&transaction, identity)?;
    transaction.commit()?;
    Ok(())
}

/// The layout of a store that belongs to this identity.
fn claimable(header: &Header, path: &Path, given: &Identity) -> Result<usize, StoreError> {
    let path = || path.to_owned();
    let Some(layout) = header.known_layout() else {
        return Err(StoreError::Newer {
            path: path(),
            stored: header.layout.clone(),
            written_by: header.written_by.clone(),
        });
    };
    let text = |texts: &Identity, key| texts.get(key).cloned().unwrap_or_default();
    let is_other = |key: &&String| match (header.identity.get(*key), given.get(*key)) {
        (Some(stored), Some(given)) => !is_same_id(stored, given),
        (Some(stored), None) => !stored.is_empty(),
        (None, _) => false,
    };
    match header.identity.keys().find(is_other) {
        None => Ok(layout),
        Some(key) => Err(StoreError::Foreign {
            path: path(),
            what: key.clone(),
            stored: text(&header.identity, key),
            given: text(given, key),
        }),
    }
}

/// Copies the store at `path` before its upgrade. It is open, so no other process writes to it.
fn keep_former(path: &Path, stored: &str) -> Result<(), StoreError> {
    let (shown, layout) = (path.display(), layout::LAYOUT);
    info!("upgrading the store {shown} from layout {stored} to {layout}; copying it before");
    let kept = former::keep(path, stored, SystemTime::now());
    let kept = kept.map_err(|source| StoreError::Copy {
        path: path.to_owned(),
        source,
    })?;
    info!("the store of layout {stored} is kept as {}", kept.display());
    Ok(())
}

fn last_outbox_id(database: &Database) -> Result<u64, StoreError> {
    let table = database.begin_read()?.open_table(OUTBOX)?;
    let mut last = 0;
    for entry in table.iter()? {
        last = last.max(entry?.0.value().1);
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A durable event for some extensions.
    struct Result {
        subscribers: [&'static str; 2],
        outbox_id: Option<u64>,
    }

    impl Emitted for Result {
        fn name(&self) -> &str {
            "result"
        }

        fn payload(&self) -> &[u8] {
            b"{}"
        }

        fn is_durable(&self) -> bool {
            true
        }

        fn subscribers(&self) -> impl Iterator<Item = &str> {
            self.subscribers.into_iter()
        }

        fn set_outbox_id(&mut self, id: u64) {
            self.outbox_id = Some(id);
        }
    }

    fn open_for(
        folder: &Path,
        account: &str,
        api_url: &str,
    ) -> std::result::Result<Store, StoreError> {
        let texts = [("account", account), ("api_url", api_url)];
        let identity = texts.map(|(key, text)| (key.to_owned(), text.to_owned()));
        Store::open(folder, &identity.into())
    }

    fn open(folder: &Path) -> Store {
        open_for(folder, "account", "http://api").unwrap()
    }

    fn commit(
        store: &Store,
        extension: &str,
        writes: &Writes,
        durable: &mut [Result],
        handled: Option<u64>,
    ) {
        let commit = Commit {
            extension,
            writes,
            durable,
            handled,
            released: Vec::new(),
        };
        store.commit([commit]).unwrap();
    }

    fn put(store: &Store, extension: &str, key: &str, value: &[u8]) {
        let writes = Writes::from([(key.to_owned(), Some(value.into()))]);
        commit(store, extension, &writes, &mut [], None);
    }

    #[test]
    fn store_opens_for_every_spelling_of_its_account() {
        let folder = tempfile::tempdir().unwrap();
        let open = |id| open_for(folder.path(), id, "").map(drop);
        open("0xAbCd").unwrap();
        for spelling in ["0xabcd", "0XABCD", "abcd", "0xAbCd"] {
            open(spelling).unwrap();
        }
        for other in ["0xabce", "0xabc", ""] {
            assert!(matches!(open(other), Err(StoreError::Foreign { .. })));
        }
    }

    #[test]
    fn values_survive_a_restart_by_extension() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        put(&store, "a", "k1", b"1");
        put(&store, "a", "k2", b"2");
        put(&store, "b", "k1", b"3");
        drop(store);

        let store = open(folder.path());
        assert_eq!(store.get("a", "k1").unwrap().unwrap(), b"1");
        assert_eq!(store.scan("a", "k").unwrap().len(), 2);
        assert_eq!(store.scan("a", "").unwrap().len(), 2);
        assert_eq!(store.get("b", "k2").unwrap(), None);
    }

    #[test]
    fn durable_event_stays_until_all_have_handled_it() {
        let folder = tempfile::tempdir().unwrap();
        let emit = |store: &Store| {
            let subscribers = ["a", "b"];
            let mut events = [Result {
                subscribers,
                outbox_id: None,
            }];
            commit(store, "x", &Writes::new(), &mut events, None);
            events[0].outbox_id.unwrap()
        };
        let store = open(folder.path());
        let id = emit(&store);
        commit(&store, "a", &Writes::new(), &mut [], Some(id));
        drop(store);

        let store = open(folder.path());
        assert_eq!(store.undelivered("a").unwrap(), []);
        assert_eq!(store.undelivered("b").unwrap()[0].name, "result");
        assert!(emit(&store) > id, "ids grow across restarts");
    }

    #[test]
    fn store_of_another_owner_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()));
        let error = open_for(folder.path(), "other", "http://api")
            .err()
            .unwrap();
        assert!(
            matches!(&error, StoreError::Foreign { what, .. } if what == "account"),
            "{error}"
        );
        let error = open_for(folder.path(), "account", "http://test")
            .err()
            .unwrap();
        assert!(
            matches!(&error, StoreError::Foreign { what, .. } if what == "api_url"),
            "{error}"
        );
        let error = Store::open(folder.path(), &Identity::new()).err().unwrap();
        assert!(
            matches!(&error, StoreError::Foreign { given, .. } if given.is_empty()),
            "{error}"
        );
    }

    #[test]
    fn second_host_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let _first = open(folder.path());
        let error = open_for(folder.path(), "account", "http://api")
            .err()
            .unwrap();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    }

    #[test]
    fn root_cannot_open_store_of_a_service() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()));
        let path = folder.path().join(FILE_NAME);
        if std::os::unix::fs::chown(&path, Some(1), None).is_err() {
            // Not root.
            return;
        }
        let error = Store::open(folder.path(), &Identity::new()).err().unwrap();
        assert!(matches!(error, StoreError::Root(_)), "{error}");
    }

    #[test]
    fn file_of_another_kind_is_rejected_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, "not a database").unwrap();
        let error = open_for(folder.path(), "account", "http://api")
            .err()
            .unwrap();
        assert!(matches!(error, StoreError::Open { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"not a database");
    }
}
