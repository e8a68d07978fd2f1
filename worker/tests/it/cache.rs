//! The cache of compiled modules: it saves time and changes nothing, whatever is in its folder.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tig_worker::{Algorithm, Cache, CacheError};

use crate::guests::{INIT, compute_with, module};

struct Fixture {
    root: TempDir,
    wasm: Vec<u8>,
}

impl Fixture {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            wasm: module(INIT, "(i32.store (i32.const 0) (i32.const 7)) i32.const 8"),
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("nested/cache")
    }

    fn load(&self) -> Algorithm {
        Algorithm::load(&self.wasm, &Cache::open(&self.folder()).unwrap()).unwrap()
    }

    /// Loads, checks that the algorithm works as one that was never cached, and returns the one entry.
    #[track_caller]
    fn check(&self) -> PathBuf {
        let cached = compute_with(&self.load());
        assert_eq!(
            cached,
            compute_with(&Algorithm::compile(&self.wasm).unwrap())
        );
        let entries = entries(&self.folder());
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.into_iter().next().unwrap()
    }
}

/// What is in the folder but the key.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("key"))
        .collect()
}

#[test]
fn a_cached_module_is_used_and_works_the_same() {
    let fixture = Fixture::new();
    let entry = fixture.check();
    let written = fs::metadata(&entry).unwrap().modified().unwrap();
    assert_eq!(fixture.check(), entry);
    assert_eq!(fs::metadata(&entry).unwrap().modified().unwrap(), written);
}

#[test]
fn the_folder_is_private() {
    let fixture = Fixture::new();
    let entry = fixture.check();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&fixture.folder()), 0o700);
    assert_eq!(mode(&fixture.folder().join("key")), 0o600);
    assert_eq!(mode(&entry), 0o600);
}

#[test]
fn damaged_and_forged_entries_are_replaced() {
    let fixture = Fixture::new();
    let entry = fixture.check();
    let good = fs::read(&entry).unwrap();
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        fs::write(&entry, bytes).unwrap();
        assert_eq!(fixture.check(), entry);
        // The signature is keyed, the code the same: so is the whole entry.
        assert_eq!(fs::read(&entry).unwrap(), good);
    };
    damage(&|bytes| bytes.clear());
    damage(&|bytes| bytes.truncate(31));
    damage(&|bytes| bytes.truncate(bytes.len() - 1));
    damage(&|bytes| bytes[0] ^= 1);
    damage(&|bytes| bytes[1000] ^= 1);
    damage(&|bytes| bytes.push(0));
}

#[test]
fn an_entry_does_not_pass_for_another_module() {
    let fixture = Fixture::new();
    let entry = fixture.check();
    let other = Fixture {
        root: fixture.root,
        wasm: module(INIT, "i32.const 16"),
    };
    other.load();
    let names = entries(&other.folder());
    let stranger = names.iter().find(|name| **name != entry).unwrap();
    fs::copy(&entry, stranger).unwrap();
    let loaded = compute_with(&other.load());
    assert_eq!(
        loaded,
        compute_with(&Algorithm::compile(&other.wasm).unwrap())
    );
}

#[test]
fn a_new_key_makes_old_entries_worthless() {
    let fixture = Fixture::new();
    let entry = fixture.check();
    let old = fs::read(&entry).unwrap();
    fs::remove_file(fixture.folder().join("key")).unwrap();
    assert_eq!(fixture.check(), entry);
    assert_ne!(fs::read(&entry).unwrap(), old);
}

/// What a power cut can leave of the first start.
#[test]
fn key_that_was_cut_short_is_replaced() {
    let fixture = Fixture::new();
    let entry = fixture.check();
    let old = fs::read(&entry).unwrap();
    let key = fixture.folder().join("key");
    for bytes in [0, 31] {
        OpenOptions::new()
            .write(true)
            .open(&key)
            .unwrap()
            .set_len(bytes)
            .unwrap();
        assert_eq!(fixture.check(), entry);
        assert_eq!(fs::metadata(&key).unwrap().len(), 32);
        assert_ne!(fs::read(&entry).unwrap(), old);
    }
    // Not ours to replace.
    fs::write(&key, "").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        Cache::open(&fixture.folder()),
        Err(CacheError::Unsafe { .. })
    ));
}

#[test]
fn a_folder_that_others_can_enter_is_refused() {
    let fixture = Fixture::new();
    fixture.check();
    let set = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let refused = || {
        matches!(
            Cache::open(&fixture.folder()),
            Err(CacheError::Unsafe { .. })
        )
    };
    set(&fixture.folder(), 0o755);
    assert!(refused());
    set(&fixture.folder(), 0o700);
    set(&fixture.folder().join("key"), 0o640);
    assert!(refused());
    set(&fixture.folder().join("key"), 0o600);
    assert!(!refused());
    let link = fixture.root.path().join("link");
    std::os::unix::fs::symlink(fixture.folder(), &link).unwrap();
    assert!(matches!(Cache::open(&link), Err(CacheError::Unsafe { .. })));
}

#[test]
fn a_cache_in_place_of_a_file_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Cache::open(&file), Err(CacheError::Io { .. })));
}

/// A folder in place of the entry cannot be replaced by a file.
#[test]
fn file_that_cannot_be_renamed_is_removed() {
    let fixture = Fixture::new();
    let entry = fixture.check();
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    assert_eq!(fixture.check(), entry);
}
