//! The host's own files are removed, replaced or restored while it runs.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT, utimensat};

use crate::support::{Home, HostProcess, wait_until, with_version};

const STORE: i32 = 6;

/// The store's file, and the sentence with which a host ends that has lost it.
fn store_is_lost(home: &Home, host: &mut HostProcess) {
    let status = host.wait();
    let log = home.log();
    assert_eq!(status.code(), Some(STORE), "{log}");
    let mut errors = log.lines().filter(|line| line.starts_with("error: "));
    let error = errors.next().unwrap_or_else(|| panic!("{log}"));
    for part in [
        "tig-host.redb",
        "removed or replaced",
        "stop the host before",
    ] {
        assert!(error.contains(part), "no {part:?} in: {error}");
    }
}

#[tokio::test]
async fn removed_backup_folder_ends_the_host() {
    let home = Home::new();
    let mut host = home.start();
    host.count(5).await;
    fs::remove_dir_all(home.path("backup")).unwrap();
    store_is_lost(&home, &mut host);
    let host = home.start();
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));
}

#[tokio::test]
async fn store_restored_under_a_running_host_ends_it() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    host.kill();
    let store = home.path("backup/tig-host.redb");
    let saved = home.path("saved");
    fs::copy(&store, &saved).unwrap();

    let mut host = home.start();
    host.count(7).await;
    fs::rename(&saved, &store).unwrap();
    store_is_lost(&home, &mut host);
    let host = home.start();
    assert_eq!(host.count(1).await, (200, "[6,1]".to_owned()));
}

#[tokio::test]
async fn removed_admin_file_is_written_again() {
    let home = Home::new();
    let _host = home.start();
    let file = home.path("backup/admin.json");
    for spoil in [
        |file: &std::path::Path| fs::remove_file(file),
        |file: &std::path::Path| {
            fs::write(file, r#"{"address":"127.0.0.1:9","token":"x","pid":1}"#)
        },
    ] {
        spoil(&file).unwrap();
        let answers = || home.tig_host(&["status"]).code == Some(0);
        wait_until(answers, || "no running host is found".to_owned());
    }
}

#[tokio::test]
async fn removed_plugin_copies_do_not_matter() {
    let home = Home::new();
    let host = home.start();
    host.count(5).await;
    fs::remove_dir_all(home.path("backup/plugin-cache")).unwrap();
    assert_eq!(host.count(1).await, (200, "[6,2]".to_owned()));
    home.install("counter", &with_version("counter", "0.1.1"));
    home.wait_for_log(&["extension reloaded", "0.1.1"]);
    assert_eq!(host.count(1).await, (200, "[7,3]".to_owned()));
}

#[tokio::test]
async fn damaged_plugin_copy_is_made_again() {
    let home = Home::new();
    drop(home.start());
    let copies = fs::read_dir(home.path("backup/plugin-cache")).unwrap();
    for copy in copies {
        let path = copy.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, vec![0; bytes.len()]).unwrap();
    }
    let host = home.start();
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));
}

#[tokio::test]
async fn plugin_restored_with_an_old_time_is_loaded() {
    let home = Home::new();
    let path = home.path("plugins/libcounter.so");
    let before = fs::metadata(&path).unwrap();
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: before.mtime(),
            tv_nsec: before.mtime_nsec(),
        },
    };
    let host = home.start();
    let other = with_version("counter", "0.1.1");
    assert_eq!(other.len() as u64, before.len());
    // In place, as `rsync --inplace --times` does: inode, size and time are those of the file that runs.
    fs::write(&path, &other).unwrap();
    utimensat(CWD, &path, &times, AtFlags::empty()).unwrap();
    home.wait_for_log(&["extension reloaded", "0.1.1"]);
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));
}

#[tokio::test]
async fn folder_in_a_plugins_place_is_refused() {
    let home = Home::new();
    let host = home.start();
    let path = home.path("plugins/libcounter.so");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    home.wait_for_log(&["rejected", "libcounter.so", "it is a folder"]);
    let status = home.tig_host(&["status"]).stdout;
    let note = status
        .lines()
        .find(|line| line.contains("last version refused"));
    let note = note.unwrap_or_else(|| panic!("{status}"));
    assert!(!note.contains("unknown"), "{note}");
    fs::remove_dir(&path).unwrap();
    home.install("counter", &with_version("counter", "0.1.1"));
    home.wait_for_log(&["extension reloaded", "0.1.1"]);
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));
}

#[tokio::test]
async fn plugin_of_another_api_is_named_by_its_version() {
    let home = Home::new();
    let _host = home.start();
    let file = crate::support::fixture("of_another_api");
    home.install("counter", &fs::read(file).unwrap());
    home.wait_for_log(&["rejected", "plugin API 999"]);
    let status = home.tig_host(&["status"]).stdout;
    assert!(
        status.contains("counter: last version refused: 9.0.0: "),
        "{status}"
    );
}

#[tokio::test]
async fn plugin_folder_made_anew_is_watched() {
    let home = Home::new();
    let host = home.start();
    let plugins = home.path("plugins");
    fs::rename(&plugins, home.path("removed")).unwrap();
    home.wait_for_log(&["libcounter.so is gone; the running version goes on"]);
    fs::create_dir(&plugins).unwrap();
    home.install("counter", &with_version("counter", "0.1.1"));
    home.wait_for_log(&["extension reloaded", "0.1.1"]);
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));
}

#[tokio::test]
async fn plugin_folder_behind_a_flipped_link_is_loaded() {
    let home = Home::new();
    fs::rename(home.path("plugins"), home.path("v1")).unwrap();
    symlink("v1", home.path("plugins")).unwrap();
    let host = home.start();
    fs::create_dir(home.path("v2")).unwrap();
    for name in ["counter", "recorder"] {
        let file = format!("v2/lib{name}.so");
        fs::write(home.path(&file), with_version(name, "0.1.1")).unwrap();
    }
    symlink("v2", home.path("next")).unwrap();
    fs::rename(home.path("next"), home.path("plugins")).unwrap();
    for name in ["counter", "recorder"] {
        home.wait_for_log(&["extension reloaded", name, "0.1.1"]);
    }
    // The folder that is watched now is the second one.
    home.install("counter", &with_version("counter", "0.1.2"));
    home.wait_for_log(&["extension reloaded", "0.1.1", "0.1.2"]);
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));
}

#[tokio::test]
async fn config_that_is_gone_or_a_folder_changes_nothing() {
    let home = Home::new();
    let host = home.start();
    let path = home.path("config.json");
    fs::remove_file(&path).unwrap();
    let ran = home.tig_host(&["reload", "--backup", "backup"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(ran.stderr.contains("config.json"), "{ran:?}");
    fs::create_dir(&path).unwrap();
    home.wait_for_log(&["nothing was changed", "config.json"]);
    assert_eq!(host.count(1).await, (200, "[1,1]".to_owned()));

    fs::remove_dir(&path).unwrap();
    let mut config = home.config();
    config["config"] = serde_json::json!({ "counter": { "start": 9 } });
    home.write_config(&config);
    home.wait_for_log(&["config and extensions were read again"]);
    assert_eq!(host.count(1).await.0, 200);
}
