//! The file of a state that cannot be used.

use std::path::Path;

use redb::{Database, TableDefinition};
use tig_devnet::{Edits, Network, Store, StoreError};
use tig_process::error_chain::error_chain;

const FILE: &str = "tig-devnet.redb";

/// A state with one entry.
fn write(folder: &Path, key: &str, value: &[u8]) {
    let (store, entries) = Store::open(folder).unwrap();
    assert!(entries.is_empty());
    let mut edits = Edits::default();
    edits.put.insert(key.to_owned(), value.to_vec());
    store.write(&edits).unwrap();
}

#[test]
fn entry_with_a_wrong_checksum_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "accounts", b"{}");
    let table: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries");
    let database = Database::open(folder.path().join(FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    let value = [0; 99];
    let mut entries = transaction.open_table(table).unwrap();
    entries.insert("accounts", &value[..]).unwrap();
    drop(entries);
    transaction.commit().unwrap();
    drop(database);
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(FILE), "{text}");
    assert!(text.contains("checksum of \"accounts\" is wrong"), "{text}");
    assert!(text.ends_with("or use another folder"), "{text}");
}

#[test]
fn state_of_another_version_is_named_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "counters", br#"{"layout": 1}"#);
    let (store, entries) = Store::open(folder.path()).unwrap();
    let error = store.unusable(Network::kept_seed(&entries).unwrap_err());
    assert!(matches!(error, StoreError::Restore { .. }), "{error:?}");
    let text = error_chain(&error);
    assert!(text.contains(FILE) && text.contains("layout 1"), "{text}");
    assert!(text.ends_with("use that one, or another folder"), "{text}");
}

#[test]
fn database_of_another_program_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(folder.path().join(FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    let other: TableDefinition<'_, u64, u64> = TableDefinition::new("entries");
    transaction.open_table(other).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Database(_)), "{error:?}");
    let text = error_chain(&error);
    assert!(text.starts_with("cannot read or write the state: "));
    assert!(text.contains("entries"), "{text}");
}

#[test]
fn one_process_at_a_time_opens_a_state() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, _) = Store::open(folder.path()).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains("stop that one"), "{error}");
}
