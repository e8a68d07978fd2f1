//! Upgrades of a store of the first layout, as it was released.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::*;

/// More writes than an upgrade of a small store takes.
const WRITES_COUNT_MAX: i64 = 1_000;

/// A file that fails at each write once `left` writes were done: a kill or a full disk at that point.
#[derive(Debug)]
struct Ending {
    file: FileBackend,
    left: AtomicI64,
}

impl Ending {
    fn after(path: &Path, writes: i64) -> Self {
        let mut options = File::options();
        let file = options.read(true).write(true).open(path).unwrap();
        Self {
            file: FileBackend::new(file).unwrap(),
            left: writes.into(),
        }
    }

    fn count(&self) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::Relaxed) {
            ..=0 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}

impl StorageBackend for Ending {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.count()?;
        self.file.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.count()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.count()?;
        self.file.write(offset, data)
    }
}

fn identity() -> Identity {
    Identity::from([("account".to_owned(), "account".to_owned())])
}

/// A store of the first layout in `folder`.
fn released(folder: &Path) -> PathBuf {
    let path = folder.join(FILE_NAME);
    layout::tests::write_first_layout(&Database::create(&path).unwrap());
    path
}

/// The layout of a store that has everything it had at its release.
fn layout_of_whole(path: &Path) -> String {
    let database = Database::open(path).unwrap();
    let header = layout::read(&database).unwrap().unwrap();
    assert_eq!(header.identity, identity());
    let store = Store::from_database(database).unwrap();
    assert_eq!(store.get("a", "k").unwrap().unwrap(), b"1");
    assert_eq!(store.undelivered("a").unwrap()[0].outbox_id, 7);
    header.layout
}

fn copies(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("before-upgrade"));
    let entries = entries.into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn upgraded_store_is_whole_and_copied_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = released(folder.path());
    let store = Store::open(folder.path(), &identity()).unwrap();
    let second = Store::open(folder.path(), &identity()).err().unwrap();
    assert!(matches!(second, StoreError::InUse { .. }), "{second}");
    drop(store);
    assert_eq!(layout_of_whole(&path), "2");
    let kept = copies(folder.path());
    assert_eq!(kept.len(), 1);
    assert_eq!(layout_of_whole(&kept[0]), "1");
    drop(Store::open(folder.path(), &identity()).unwrap());
    assert_eq!(copies(folder.path()), kept);
}

#[test]
fn upgrade_ended_anywhere_leaves_either_layout() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = [0, 0];
    for writes in 0..WRITES_COUNT_MAX {
        let path = released(folder.path());
        let backend = Ending::after(&path, writes);
        let opened = Database::builder().create_with_backend(backend);
        let done = opened.is_ok_and(|database| claim(&database, None, &identity()).is_ok());
        match layout_of_whole(&path).as_str() {
            "1" if !done => found[0] += 1,
            "2" => found[1] += 1,
            other => panic!("layout {other} after {writes} writes"),
        }
        if done {
            assert!(found.iter().all(|&count| count > 0), "{found:?}");
            return;
        }
        fs::remove_file(path).unwrap();
    }
    panic!("the upgrade never ends");
}

#[test]
fn failed_copy_leaves_the_former_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path = released(folder.path());
    // Stands for a disk without room.
    fs::write(folder.path().join("before-upgrade"), "a file").unwrap();
    let error = Store::open(folder.path(), &identity()).err().unwrap();
    assert!(matches!(error, StoreError::Copy { .. }), "{error}");
    assert_eq!(layout_of_whole(&path), "1");
}

#[test]
fn store_of_another_owner_is_not_upgraded() {
    let folder = tempfile::tempdir().unwrap();
    let path = released(folder.path());
    let error = Store::open(folder.path(), &Identity::new()).err().unwrap();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    assert_eq!(layout_of_whole(&path), "1");
    assert!(copies(folder.path()).is_empty());
}

#[test]
fn newer_store_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    layout::tests::write_newer_layout(&Database::create(&path).unwrap());
    let opened = Store::open(folder.path(), &identity()).err().unwrap();
    assert!(matches!(opened, StoreError::Newer { .. }), "{opened}");
    let listed = Archive::open(folder.path()).err().unwrap();
    for error in [opened.to_string(), listed.to_string()] {
        let remedy = "has layout 9, which tig-host 9.9.9 wrote; this tig-host";
        assert!(error.contains(remedy), "{error}");
    }
    let header = layout::read(&Database::open(&path).unwrap()).unwrap();
    assert_eq!(header.unwrap().layout, "9");
    assert!(copies(folder.path()).is_empty());
}

#[test]
fn export_of_the_first_layout_becomes_the_present() {
    let folder = tempfile::tempdir().unwrap();
    let path = released(folder.path());
    let mut lines = Vec::new();
    Archive::open(folder.path())
        .unwrap()
        .export(&mut lines)
        .unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(Archive::import(folder.path(), &lines[..]).unwrap(), 2);
    assert_eq!(layout_of_whole(&path), "2");
}
