//! Plugins of the integration tests, for unit tests that need code to run. `cargo test` builds them with the tests.

use std::path::PathBuf;

use super::{Loader, Plugin, PluginFile};

/// The file of fixture `name`.
pub(crate) fn path(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    // target/<profile>/deps/<test>
    let profile = program.ancestors().nth(2).unwrap();
    profile.join("examples").join(format!("lib{name}.so"))
}

/// The code of fixture `name`.
pub(crate) fn load(name: &str) -> Plugin {
    let folder = tempfile::tempdir().unwrap();
    let loader = Loader::new(folder.path().to_owned(), None);
    let file = PluginFile::read(&path(name)).unwrap();
    loader.load(&file).unwrap()
}
