//! Versions of the store's tables, and the steps from each to the next.
//!
//! Invariant: a step runs in the transaction that records its layout, so a store has one layout or the next.

use std::collections::BTreeMap;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    WriteTransaction,
};

use super::{OUTBOX, StoreError, VALUES};
use crate::config::Identity;

/// The layout, and the host that has written the store.
const META: TableDefinition<'_, &str, &str> = TableDefinition::new("meta");

/// For whom the host works. Layout 1 has it in the table above.
const IDENTITY: TableDefinition<'_, &str, &str> = TableDefinition::new("identity");

/// Key of the layout.
const LAYOUT_KEY: &str = "layout";

/// Key of the version of the last host that had the store open.
const WRITTEN_BY_KEY: &str = "written_by";

/// A step to the next layout.
type Step = fn(&WriteTransaction) -> Result<(), StoreError>;

/// From layout 1 to 2, and so on. Steps of released layouts stay as they are.
const STEPS: [Step; 1] = [separate_identity];

/// The first layout.
pub(super) const FIRST: usize = 1;

/// The layout that this host writes.
pub(super) const LAYOUT: usize = FIRST + STEPS.len();

/// Contents of a store besides values and events.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Header {
    /// Version of the tables; a newer host may not write a number.
    pub layout: String,
    /// For whom the host works.
    pub identity: Identity,
    /// Version of the last host; unknown in layout 1.
    pub written_by: Option<String>,
}

impl Header {
    /// The layout, if this host knows it.
    #[must_use]
    pub(super) fn known_layout(&self) -> Option<usize> {
        known(&self.layout)
    }
}

/// The layout that a text names, if this host knows it.
#[must_use]
pub(super) fn known(layout: &str) -> Option<usize> {
    let number = layout.parse().ok()?;
    (FIRST..=LAYOUT).contains(&number).then_some(number)
}

/// Reads the header of a store; `None` if the file is new.
///
/// # Errors
///
/// The file cannot be read.
pub(super) fn read(database: &Database) -> Result<Option<Header>, StoreError> {
    let transaction = database.begin_read()?;
    let Some(mut meta) = texts(&transaction, META)? else {
        return Ok(None);
    };
    let Some(layout) = meta.remove(LAYOUT_KEY) else {
        return Ok(None);
    };
    Ok(Some(if layout == FIRST.to_string() {
        Header {
            layout,
            identity: meta,
            written_by: None,
        }
    } else {
        Header {
            layout,
            identity: texts(&transaction, IDENTITY)?.unwrap_or_default(),
            written_by: meta.remove(WRITTEN_BY_KEY),
        }
    }))
}

fn texts(
    transaction: &ReadTransaction,
    table: TableDefinition<'_, &str, &str>,
) -> Result<Option<BTreeMap<String, String>>, StoreError> {
    let table = match transaction.open_table(table) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut texts = BTreeMap::new();
    for entry in table.iter()? {
        let (key, text) = entry?;
        texts.insert(key.value().to_owned(), text.value().to_owned());
    }
    Ok(Some(texts))
}

/// Makes the tables of a new store, or takes the steps from layout `from` to the present one.
///
/// # Errors
///
/// The file cannot be written.
pub(super) fn bring_up(
    transaction: &WriteTransaction,
    from: Option<usize>,
) -> Result<(), StoreError> {
    transaction.open_table(VALUES)?;
    transaction.open_table(OUTBOX)?;
    for step in from
        .and_then(|from| STEPS.get(from - FIRST..))
        .into_iter()
        .flatten()
    {
        step(transaction)?;
    }
    transaction.open_table(IDENTITY)?;
    let mut meta = transaction.open_table(META)?;
    meta.insert(LAYOUT_KEY, LAYOUT.to_string().as_str())?;
    meta.insert(WRITTEN_BY_KEY, env!("CARGO_PKG_VERSION"))?;
    Ok(())
}

/// Adds texts to the identity of a store of the present layout; one that is there stays as it is spelt.
///
/// # Errors
///
/// The file cannot be written.
pub(super) fn add_identity(
    transaction: &WriteTransaction,
    given: &Identity,
) -> Result<(), StoreError> {
    let mut identity = transaction.open_table(IDENTITY)?;
    for (key, text) in given {
        if identity.get(key.as_str())?.is_none() {
            identity.insert(key.as_str(), text.as_str())?;
        }
    }
    Ok(())
}

/// Writes the owner into an empty store, as `layout` has it.
///
/// # Errors
///
/// The file cannot be written.
pub(super) fn write_owner(
    transaction: &WriteTransaction,
    layout: &str,
    owner: &Identity,
) -> Result<(), StoreError> {
    let is_first = known(layout) == Some(FIRST);
    let table = if is_first { META } else { IDENTITY };
    let mut identity = transaction.open_table(table)?;
    for (key, text) in owner {
        identity.insert(key.as_str(), text.as_str())?;
    }
    Ok(())
}

/// Layout 1 to 2: the identity gets a table of its own, so that none of its keys can be taken for one of the host's.
fn separate_identity(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut meta = transaction.open_table(META)?;
    let mut identity = transaction.open_table(IDENTITY)?;
    let mut moved = BTreeMap::new();
    for entry in meta.iter()? {
        let (key, text) = entry?;
        moved.insert(key.value().to_owned(), text.value().to_owned());
    }
    moved.remove(LAYOUT_KEY);
    for (key, text) in &moved {
        identity.insert(key.as_str(), text.as_str())?;
        meta.remove(key.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Writes a store of layout 1, as tig-host 0.1.0 did, of the account `account`.
    pub(in crate::store) fn write_first_layout(database: &Database) {
        let transaction = database.begin_write().unwrap();
        {
            let mut meta = transaction.open_table(META).unwrap();
            for (key, text) in [(LAYOUT_KEY, "1"), ("account", "account")] {
                meta.insert(key, text).unwrap();
            }
            let mut values = transaction.open_table(VALUES).unwrap();
            values.insert(("a", "k"), &b"1"[..]).unwrap();
            let mut outbox = transaction.open_table(OUTBOX).unwrap();
            outbox.insert(("a", 7), ("result", &b"{}"[..])).unwrap();
        }
        transaction.commit().unwrap();
    }

    /// Writes a store of a layout that no host knows yet.
    pub(in crate::store) fn write_newer_layout(database: &Database) {
        let transaction = database.begin_write().unwrap();
        {
            let mut meta = transaction.open_table(META).unwrap();
            for (key, text) in [(LAYOUT_KEY, "9"), (WRITTEN_BY_KEY, "9.9.9")] {
                meta.insert(key, text).unwrap();
            }
        }
        transaction.commit().unwrap();
    }

    #[test]
    fn only_layouts_up_to_the_present_are_known() {
        assert_eq!(known("1"), Some(1));
        assert_eq!(known(&LAYOUT.to_string()), Some(LAYOUT));
        for text in ["0", "", "x", &(LAYOUT + 1).to_string()] {
            assert_eq!(known(text), None, "{text}");
        }
    }

    #[test]
    fn first_layout_becomes_the_present_one() {
        let backend = redb::backends::InMemoryBackend::new();
        let database = Database::builder().create_with_backend(backend).unwrap();
        assert_eq!(read(&database).unwrap(), None);
        write_first_layout(&database);
        let old = read(&database).unwrap().unwrap();
        assert_eq!((old.layout.as_str(), old.identity.len()), ("1", 1));
        let transaction = database.begin_write().unwrap();
        bring_up(&transaction, old.known_layout()).unwrap();
        transaction.commit().unwrap();
        let new = read(&database).unwrap().unwrap();
        assert_eq!(new.known_layout(), Some(LAYOUT));
        assert_eq!(new.identity, old.identity);
        assert_eq!(new.written_by.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    }
}
