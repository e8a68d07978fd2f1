//! A plugin file that is read while somebody writes it.

use std::fs::{File, rename};
use std::os::unix::fs::FileExt;

use tig_host::PluginError;
use tig_host::testing::{Loader, PluginFile};

use crate::support::{Home, fixture, wait_until, with_version};

/// Code and data that no process survives without.
fn hole(bytes: &[u8]) -> std::ops::Range<usize> {
    bytes.len() / 8..bytes.len() * 5 / 8
}

fn write_at(file: &File, place: usize, bytes: &[u8]) {
    file.write_all_at(bytes, place as u64).unwrap();
}

#[tokio::test]
async fn file_open_for_writing_is_loaded_when_closed() {
    let home = Home::new();
    let host = home.start();
    let whole = with_version("counter", "0.1.1");
    let path = home.path("plugins/libcounter.so");
    let file = File::options().write(true).open(&path).unwrap();
    let is_refused = || {
        // The same byte again: the file is still the one that runs.
        write_at(&file, 0, &whole[..1]);
        let ran = home.tig_host(&["reload", "counter"]);
        ran.code == Some(8) && ran.stderr.contains("is being written")
    };
    wait_until(is_refused, || format!("no refusal:\n{}", home.log()));

    // Half old, half new, of the same size: whoever loads this dies.
    write_at(&file, 0, &whole);
    let hole = hole(&whole);
    write_at(&file, hole.start, &vec![0; hole.len()]);
    let ran = home.tig_host(&["reload", "counter"]);
    assert!(ran.stderr.contains("is being written"), "{ran:?}");
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));

    write_at(&file, hole.start, &whole[hole]);
    drop(file);
    home.wait_for_log(&["extension reloaded", "0.1.0", "0.1.1"]);
    assert!(!home.log().contains("cannot be loaded"), "{}", home.log());
    assert_eq!(host.count(1).await, (200, "[2,2]".to_owned()));
}

#[test]
fn host_does_not_start_with_a_file_being_written() {
    let home = Home::new();
    let path = home.path("plugins/libcounter.so");
    let writer = File::options().write(true).open(path).unwrap();
    let name = format!("(process {})", std::process::id());
    let check = home.tig_host(&["check", "config.json"]);
    let start = home.tig_host(&["config.json"]);
    for (code, said) in [(check.code, check.stdout), (start.code, start.stderr)] {
        assert_eq!(code, Some(4), "{said}");
        for part in ["libcounter.so is being written by", &name] {
            assert!(said.contains(part), "no {part:?} in: {said}");
        }
    }
    drop(writer);
    assert_eq!(home.tig_host(&["check", "config.json"]).code, Some(0));
}

#[test]
fn file_changed_after_reading_is_not_loaded() {
    let home = Home::new();
    let path = home.path("plugins/libcounter.so");
    let program = env!("CARGO_BIN_EXE_tig-host").into();
    let loader = Loader::new(home.path("copies"), Some(program));
    let candidate = PluginFile::read(&path).unwrap();
    home.install("counter", &with_version("counter", "0.1.1"));
    let error = loader.load(&candidate).err();
    assert!(
        matches!(error, Some(PluginError::Changed { .. })),
        "{error:?}"
    );
    loader.load(&PluginFile::read(&path).unwrap()).unwrap();
}

/// `bytes` as `tig-host plugin seal` leaves them.
fn sealed(home: &Home, bytes: &[u8]) -> Vec<u8> {
    let path = home.path("sealed.so");
    std::fs::write(&path, bytes).unwrap();
    let ran = home.tig_host(&["plugin", "seal", "sealed.so"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    std::fs::read(path).unwrap()
}

/// Puts a whole file in the place of a plugin's at once.
fn replace(home: &Home, name: &str, bytes: &[u8]) {
    let partial = home.path("partial");
    std::fs::write(&partial, bytes).unwrap();
    rename(partial, home.path("plugins").join(format!("lib{name}.so"))).unwrap();
}

#[tokio::test]
async fn sealed_file_with_another_byte_is_refused() {
    let home = Home::new();
    let host = home.start();
    let whole = sealed(&home, &with_version("counter", "0.1.1"));
    let mut mixed = whole.clone();
    mixed[whole.len() / 2] ^= 1;
    replace(&home, "counter", &mixed);
    home.wait_for_log(&["rejected", "0.1.1", "libcounter.so is not what was sealed"]);
    let ran = home.tig_host(&["check", "config.json"]);
    assert!(
        ran.code == Some(4) && ran.stdout.contains("copy it again"),
        "{ran:?}"
    );
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));

    replace(&home, "counter", &whole);
    home.wait_for_log(&["extension reloaded", "0.1.0", "0.1.1"]);
    let ran = home.tig_host(&["plugin", "info", "plugins/libcounter.so"]);
    let sealed = ran.stdout.lines().find(|line| line.starts_with("sealed"));
    assert!(
        sealed.is_some_and(|line| line.ends_with("yes")),
        "{}",
        ran.stdout
    );
}

#[test]
fn file_without_room_for_a_digest_is_not_sealed() {
    let home = Home::new();
    std::fs::copy(fixture("of_another_api"), home.path("old.so")).unwrap();
    let before = std::fs::read(home.path("old.so")).unwrap();
    let ran = home.tig_host(&["plugin", "seal", "old.so"]);
    assert!(
        ran.code == Some(4) && ran.stderr.contains("rebuild it"),
        "{ran:?}"
    );
    assert_eq!(std::fs::read(home.path("old.so")).unwrap(), before);
}
