//! Files that the build makes: programs and extensions.

use std::path::{Path, PathBuf};

/// The extensions of the validator, in the order of the config.
pub const EXTENSIONS: [&str; 4] = [
    "horde_miners",
    "horde_batch",
    "horde_job_echo",
    "horde_job_hash",
];

/// Programs that take part.
pub const PROGRAMS: [&str; 3] = ["compute-horde", "horde-devnet", "tig-host"];

/// Where built files lie.
#[derive(Clone, Debug)]
pub struct Artifacts(PathBuf);

/// A file that must have been built first.
#[derive(Debug, thiserror::Error)]
#[error("{} is missing: run `cargo build --workspace` first", .0.display())]
pub struct MissingArtifact(PathBuf);

impl Artifacts {
    /// Files in `folder`, such as `target/debug`.
    ///
    /// # Errors
    ///
    /// The first file that is missing.
    pub fn in_folder(folder: &Path) -> Result<Self, MissingArtifact> {
        let artifacts = Self(folder.to_owned());
        let programs = PROGRAMS.map(|name| artifacts.program(name));
        let extensions = EXTENSIONS.map(|name| artifacts.extension(name));
        let mut needed = programs.into_iter().chain(extensions);
        match needed.find(|path| !path.exists()) {
            Some(missing) => Err(MissingArtifact(missing)),
            None => Ok(artifacts),
        }
    }

    /// Files of the profile that the running test was built with.
    ///
    /// # Errors
    ///
    /// The first file that is missing.
    pub fn of_running_test() -> Result<Self, MissingArtifact> {
        // target/<profile>/deps/<test>
        let executable =
            std::env::current_exe().map_err(|_| MissingArtifact(PathBuf::from("current_exe")))?;
        match executable.ancestors().nth(2) {
            Some(folder) => Self::in_folder(folder),
            None => Err(MissingArtifact(executable)),
        }
    }

    /// An executable.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.0
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The library of an extension.
    #[must_use]
    pub fn extension(&self, name: &str) -> PathBuf {
        self.0.join(file_name(name))
    }
}

/// Name of the file that holds the extension `name`.
pub(crate) fn file_name(name: &str) -> String {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    format!("{prefix}{name}{suffix}")
}
