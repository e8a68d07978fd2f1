//! A plugin of this repository with one decision of its code changed, built beside the sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tig_system_tests::plugin_file_name;

/// Folder in the repository's `target` for the changed package.
const CHANGED: &str = "changed";

/// Folder in the repository's `target` for what is built, with the plugins that are built from nothing: their dependencies are the same.
const TARGET: &str = "scaffold";

/// One change of one file.
pub(super) struct ChangedPlugin {
    /// Name of the extension.
    pub(super) name: &'static str,
    /// Folder of its package in the repository.
    pub(super) folder: &'static str,
    /// The file in the package.
    pub(super) file: &'static str,
    /// What is there once.
    pub(super) old: &'static str,
    /// What takes its place.
    pub(super) new: &'static str,
}

impl ChangedPlugin {
    /// Builds it; the plugin file. Of the repository nothing changes.
    pub(super) fn build(&self) -> PathBuf {
        let target = repository().join("target");
        // The same folder each time, so that only what changes is built.
        let workspace = target.join(CHANGED).join(self.name);
        let package = workspace.join("package");
        write(&workspace.join("Cargo.toml"), &workspace_manifest());
        let lock = fs::read_to_string(repository().join("Cargo.lock")).unwrap();
        write(&workspace.join("Cargo.lock"), &lock);
        self.copy(&repository().join(self.folder), &package);
        let changed = package.join(self.file);
        let text = fs::read_to_string(repository().join(self.folder).join(self.file)).unwrap();
        assert_eq!(text.matches(self.old).count(), 1, "{}", self.old);
        write(&changed, &text.replace(self.old, self.new));
        build(&workspace, &target.join(TARGET));
        let built = target.join(TARGET).join("debug");
        built.join(plugin_file_name(self.name))
    }

    fn copy(&self, from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let copy = to.join(path.file_name().unwrap());
            if path.is_dir() {
                self.copy(&path, &copy);
            } else if !path.ends_with(self.file) {
                write(&copy, &fs::read_to_string(&path).unwrap());
            }
        }
    }
}

fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().unwrap()
}

/// That of the repository with the one package as its member, and all others where they are.
fn workspace_manifest() -> String {
    let root = repository();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (head, rest) = manifest.split_once("members = [").unwrap();
    let (_, rest) = rest.split_once(']').unwrap();
    let manifest = format!("{head}members = [\"package\"]{rest}");
    manifest.replace("path = \"", &format!("path = \"{}/", root.display()))
}

/// Writes a file that has another content: Cargo goes by the time of change.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return;
    }
    fs::write(path, text).unwrap();
}

fn build(workspace: &Path, target: &Path) {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--offline"])
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", target)
        // Symbols would only cost time.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
