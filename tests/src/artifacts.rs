//! Files that the build makes: programs, plugins, algorithms.

use std::path::{Path, PathBuf};

/// The six stock extensions, in the order of the config.
pub const PLUGINS: [&str; 6] = [
    "data_fetcher",
    "difficulty_sampler",
    "submissions_manager",
    "job_manager",
    "precommit_manager",
    "slave_manager",
];

/// Programs that take part.
const PROGRAMS: [&str; 4] = ["tig-devnet", "tig-host", "tig-slave", "tig-worker"];

/// Where built files lie.
#[derive(Clone, Debug)]
pub struct Artifacts {
    programs: PathBuf,
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
        Self::beside(target.join("debug"), target.join("algorithms"))
    }

    /// Files of the profile that the running test was built with.
    ///
    /// # Errors
    /// The first file that is missing.
    pub fn of_running_test() -> Result<Self, MissingArtifact> {
        // target/<profile>/deps/<test>
        let executable =
            std::env::current_exe().map_err(|_| MissingArtifact(PathBuf::from("current_exe")))?;
        let mut folders = executable.ancestors().skip(2);
        match (folders.next(), folders.next()) {
            (Some(profile), Some(target)) => {
                Self::beside(profile.to_owned(), target.join("algorithms"))
            }
            _ => Err(MissingArtifact(executable)),
        }
    }

    fn beside(programs: PathBuf, algorithms: PathBuf) -> Result<Self, MissingArtifact> {
        let artifacts = Self {
            programs,
            algorithms,
        };
        let programs = PROGRAMS.map(|name| artifacts.program(name));
        let plugins = PLUGINS.map(|name| artifacts.plugin(name));
        let needed = programs
            .into_iter()
            .chain(plugins)
            .chain([artifacts.algorithms.clone()]);
        match needed.into_iter().find(|path| !path.exists()) {
            Some(missing) => Err(MissingArtifact(missing)),
            None => Ok(artifacts),
        }
    }

    /// An executable.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The library of an extension.
    #[must_use]
    pub fn plugin(&self, extension: &str) -> PathBuf {
        self.programs.join(plugin_file_name(extension))
    }

    /// The folder `<challenge>/<algorithm>.wasm`.
    #[must_use]
    pub fn algorithms(&self) -> &Path {
        &self.algorithms
    }
}

/// Name of the file that holds `extension`.
#[must_use]
pub(crate) fn plugin_file_name(extension: &str) -> String {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    format!("{prefix}{extension}{suffix}")
}
