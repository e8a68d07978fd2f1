//! Files that the build makes: programs and extensions.

use std::path::{Path, PathBuf};

use tig_system_tests::BuildFolder;

/// The extensions that run batches.
pub const BATCH_EXTENSIONS: [&str; 4] = [
    "horde_miners",
    "horde_batch",
    "horde_job_echo",
    "horde_job_hash",
];

/// Those that test language models, which take buckets and a trusted miner.
pub const LANGUAGE_EXTENSIONS: [&str; 2] = ["horde_job_llm", "horde_crossval"];

/// All other extensions of the validator, in the order of the config.
pub const EXTENSIONS: [&str; 12] = [
    "horde_chain",
    "horde_schedule",
    "horde_miners",
    "horde_batch",
    "horde_job_echo",
    "horde_job_hash",
    "horde_score",
    "horde_weights",
    "horde_facilitator",
    "horde_organic",
    "horde_receipts",
    "horde_report",
];

/// Programs that take part.
pub const PROGRAMS: [&str; 3] = ["compute-horde", "horde-devnet", "tig-host"];

/// Where built files lie.
#[derive(Clone, Debug)]
pub struct Artifacts(BuildFolder);

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
        Self::of(BuildFolder::new(folder.to_owned()))
    }

    /// Files of the profile that the running test was built with.
    ///
    /// # Errors
    ///
    /// The first file that is missing.
    pub fn of_running_test() -> Result<Self, MissingArtifact> {
        let build = BuildFolder::of_running_test();
        Self::of(build.map_err(|_| MissingArtifact(PathBuf::from("current_exe")))?)
    }

    fn of(build: BuildFolder) -> Result<Self, MissingArtifact> {
        match build.first_missing(&PROGRAMS, &EXTENSIONS) {
            Some(missing) => Err(MissingArtifact(missing)),
            None => Ok(Self(build)),
        }
    }

    /// Checks that these extensions were built, too.
    ///
    /// # Errors
    ///
    /// The first file that is missing.
    pub fn require(&self, extensions: &[&str]) -> Result<(), MissingArtifact> {
        match self.0.first_missing(&[], extensions) {
            Some(missing) => Err(MissingArtifact(missing)),
            None => Ok(()),
        }
    }

    /// An executable.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.0.program(name)
    }

    /// The library of an extension.
    #[must_use]
    pub fn extension(&self, name: &str) -> PathBuf {
        self.0.plugin(name)
    }
}
