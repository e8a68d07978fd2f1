//! A store that a released host has left, opened by this one.
//!
//! `tests/released/` holds what tig-host 0.1.0 had stored when it was killed in the middle of three jobs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tig_system_tests::{Site, get, skip, wait_for};

use crate::support::{PATIENCE, one_challenge, site};

/// The network of the released store.
const API_URL: &str = "http://127.0.0.1:18099";
const STORE: i32 = 6;
/// Mounts a file system with so much room at its first argument, copies the store there and runs the host.
const WITHOUT_ROOM: &str = r#"mount -t tmpfs -o size=160k none "$1" && cp "$2" "$1/tig-host.redb" &&
"$3" config.json --exit-with-parent </dev/null; code=$?; cp "$1/tig-host.redb" kept.redb; exit $code"#;

fn released() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("released/tig-host-0.1.0.redb")
}

/// A folder whose store is `store`, named as hosts name it.
fn folder_with(store: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(store, folder.path().join("tig-host.redb")).unwrap();
    folder
}

/// A site with the config of the released store's host.
fn prepared(folder: &Path) -> Site {
    let site = site(folder);
    site.write_config(&one_challenge(), API_URL, 0).unwrap();
    fs::create_dir_all(folder.join("backup")).unwrap();
    site
}

/// The lines of the store in `folder`, without the owner's.
fn entries(site: &Site, folder: &Path) -> (String, Vec<String>) {
    let mut host = Command::new(site.artifacts().program("tig-host"));
    let host = host.args(["store", "export", "--backup"]).arg(folder);
    let output = host.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().unwrap(), lines.collect())
}

fn copies(site: &Site) -> Vec<PathBuf> {
    let folder = fs::read_dir(site.folder().join("backup/before-upgrade")).unwrap();
    folder.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn upgrade_goes_on_with_the_released_store() {
    let folder = tempfile::tempdir().unwrap();
    let site = prepared(folder.path());
    fs::copy(released(), folder.path().join("backup/tig-host.redb")).unwrap();
    for _ in 0..2 {
        let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
        let address = host.address().unwrap();
        let jobs = wait_for("the jobs", PATIENCE, || {
            let jobs: Value = get(&address, "/jobs").ok()?.json().ok()?;
            jobs.as_array().filter(|jobs| !jobs.is_empty()).cloned()
        });
        let jobs = jobs.unwrap_or_else(|error| panic!("{error}\n{}", host.log()));
        let ids: Vec<_> = jobs.iter().map(|job| &job["benchmark_id"]).collect();
        assert!(
            ids.iter()
                .any(|id| *id == "593164ebfdc55c523208a5dcbe9a03c4"),
            "{ids:?}"
        );
    }
    // Copied by the first start only, and as it was.
    let kept = copies(&site);
    assert_eq!(kept.len(), 1);
    let original = entries(&site, folder_with(&released()).path());
    assert_eq!(entries(&site, folder_with(&kept[0]).path()), original);
    let (owner, _) = entries(&site, &folder.path().join("backup"));
    assert_eq!(
        owner,
        original.0.replace(r#""layout":"1""#, r#""layout":"2""#)
    );
}

#[test]
fn upgrade_without_room_for_a_copy_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let site = prepared(folder.path());
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", WITHOUT_ROOM, "sh"])
        .arg(folder.path().join("backup"))
        .arg(released())
        .arg(site.artifacts().program("tig-host"))
        .current_dir(folder.path())
        .env("RUST_LOG", "info");
    let Output { status, stderr, .. } = command.output().unwrap();
    let log = String::from_utf8(stderr).unwrap();
    if log.contains("unshare: ") || log.contains("mount: ") {
        skip("file systems cannot be mounted here");
        return;
    }
    assert_eq!(status.code(), Some(STORE), "{log}");
    let remedy = "before its upgrade, so it is left as it is: No space left on device";
    assert!(log.contains(remedy), "{log}");
    let kept = folder_with(&folder.path().join("kept.redb"));
    let original = folder_with(&released());
    assert_eq!(entries(&site, kept.path()), entries(&site, original.path()));
}
