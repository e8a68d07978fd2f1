//! File systems from which no code may be mapped.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;
use tig_system_tests::{MasterOptions, PLUGINS, Site, skip};

use crate::support::site;

const CONFIG: i32 = 3;
/// Mounts a file system of its own for the script, at its first argument.
const MOUNT: &str = r#"mount -t tmpfs -o noexec,size=512m none "$1""#;
const CHECK: &str = r#""$2" check config.json"#;
/// Ends by itself: standard input is at its end.
const RUN: &str = r#""$2" config.json --exit-with-parent </dev/null"#;

/// A folder with plugins and this config, in which `folder` can be mounted upon; `None` where mounting is not allowed.
fn prepared(root: &Path, folder: &str, key: &str) -> Option<Site> {
    let site = site(root);
    let mut config = MasterOptions::default().host_config("http://127.0.0.1:9", 0);
    config[key] = json!(folder);
    fs::write(site.config_file(), config.to_string()).unwrap();
    fs::create_dir_all(root.join("backup")).unwrap();
    fs::create_dir_all(root.join(folder)).unwrap();
    if run(&site, folder, MOUNT).status.success() {
        return Some(site);
    }
    skip("file systems cannot be mounted here");
    None
}

/// Runs `script` in a mount namespace of its own.
fn run(site: &Site, folder: &str, script: &str) -> Output {
    Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(site.folder().join(folder))
        .arg(site.artifacts().program("tig-host"))
        .current_dir(site.folder())
        .env("RUST_LOG", "info")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    let both = [&*output.stdout, &*output.stderr].concat();
    String::from_utf8(both).unwrap()
}

#[test]
fn noexec_backup_folder_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let Some(site) = prepared(folder.path(), "backup", "backup_folder") else {
        return;
    };
    for script in [CHECK, RUN] {
        let output = run(&site, "backup", &format!("{MOUNT} && {script}"));
        let said = text(&output);
        assert_eq!(output.status.code(), Some(CONFIG), "{said}");
        for part in [
            "plugin_cache_folder: ",
            "backup/plugin-cache",
            "mounted noexec",
            "set `plugin_cache_folder` to a folder on another",
        ] {
            assert!(said.contains(part), "no {part:?} in: {said}");
        }
    }
}

#[test]
fn copies_may_lie_outside_a_noexec_backup_folder() {
    let folder = tempfile::tempdir().unwrap();
    let Some(site) = prepared(folder.path(), "copies", "plugin_cache_folder") else {
        return;
    };
    for script in [CHECK, RUN] {
        let output = run(&site, "backup", &format!("{MOUNT} && {script}"));
        assert!(output.status.success(), "{}", text(&output));
    }
    let copies = fs::read_dir(folder.path().join("copies")).unwrap();
    assert_eq!(copies.count(), PLUGINS.len());
}

#[test]
fn plugins_load_from_a_noexec_plugin_folder() {
    let folder = tempfile::tempdir().unwrap();
    let Some(site) = prepared(folder.path(), "noexec", "plugin_folder") else {
        return;
    };
    for script in [CHECK, RUN] {
        let script = format!(r#"{MOUNT} && cp plugins/*.so "$1" && {script}"#);
        let output = run(&site, "noexec", &script);
        assert!(output.status.success(), "{}", text(&output));
    }
}
