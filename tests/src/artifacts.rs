//! Files that the build makes: programs, plugins, algorithms.

use std::path::{Path, PathBuf};

use crate::build_folder::BuildFolder;

/// The six stock extensions, in the order of the config.
pub const PLUGINS: [&str; 6] = [
    "data_fetcher",
    "difficulty_sampler",
    "submissions_manager",
    "job_manager",
    "precommit_manager",
    "slave_manager",
];

/// The optional extension with the operator's page.
pub const DASHBOARD: &str = "dashboard";

/// The optional extension that sends alerts.
pub const NOTIFIER: &str = "notifier";

/// Programs that take part.
const PROGRAMS: [&str; 4] = ["tig-devnet", "tig-host", "tig-slave", "tig-worker"];

/// Where built files lie.
#[derive(Clone, Debug)]
pub struct Artifacts {
    build: BuildFolder,
    algorithms: PathBuf,
}

/// A file that must have been built first.
#[derive(Debug, thiserror::Error)]
#[error("{} is missing: run `cargo build --workspace` and `cargo xtask wasm` first", .0.display())]
pub struct MissingArtifact(PathBuf);

impl Artifacts {
    /// Files of the dev profile below the target directory `target`.
    ///
    /// # Errors
    /// The first file that is missing.
    pub fn in_target(target: &Path) -> Result<Self, MissingArtifact> {
        let build = BuildFolder::new(target.join("debug"));
        Self::beside(build, target.join("algorithms"))
    }

    /// Files of the profile that the running test was built with.
    ///
    /// # Errors
    /// The first file that is missing.
    pub fn of_running_test() -> Result<Self, MissingArtifact> {
        let build = BuildFolder::of_running_test();
        let build = build.map_err(|_| MissingArtifact(PathBuf::from("current_exe")))?;
        let algorithms = build.path().with_file_name("algorithms");
        Self::beside(build, algorithms)
    }

    fn beside(build: BuildFolder, algorithms: PathBuf) -> Result<Self, MissingArtifact> {
        let missing = build.first_missing(&PROGRAMS, &PLUGINS);
        let missing = missing.or_else(|| (!algorithms.exists()).then(|| algorithms.clone()));
        match missing {
            Some(missing) => Err(MissingArtifact(missing)),
            None => Ok(Self { build, algorithms }),
        }
    }

    /// An executable.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.build.program(name)
    }

    /// The library of an extension.
    #[must_use]
    pub fn plugin(&self, extension: &str) -> PathBuf {
        self.build.plugin(extension)
    }

    /// The folder `<challenge>/<algorithm>.wasm`.
    #[must_use]
    pub fn algorithms(&self) -> &Path {
        &self.algorithms
    }
}
