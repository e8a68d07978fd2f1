//! An S3 server that is not ours: `foreign-s3`, whose signatures and requests are those of the crate `s3s`.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tig_system_tests::{Process, ProcessError, skip};

/// Its only access key.
pub const FOREIGN_ACCESS_KEY: &str = "FOREIGNKEY";
/// The secret of that key.
pub const FOREIGN_SECRET: &str = "foreign/secret+with#odd=characters";

/// The program, as it was built.
#[derive(Clone, Debug)]
pub struct ForeignS3(PathBuf);

/// There is no such program.
#[derive(Debug, thiserror::Error)]
pub enum ForeignS3Error {
    /// Cargo cannot be run.
    #[error("cannot run cargo")]
    Cargo(#[from] io::Error),
    /// The crates are not here, and the registry does not answer: tests that need the server are skipped.
    #[error("the crates of the foreign S3 server cannot be fetched: {0}")]
    NotFetched(String),
    /// The crates are here, and do not compile.
    #[error("the foreign S3 server is not built: {0}")]
    NotBuilt(String),
}

impl ForeignS3 {
    /// Builds the program in a target folder of its own; later calls find it there.
    ///
    /// # Errors
    ///
    /// See [`ForeignS3Error`].
    pub fn build() -> Result<Self, ForeignS3Error> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = repository.join("target/foreign-s3");
        cargo(&target, "fetch")?.map_err(ForeignS3Error::NotFetched)?;
        cargo(&target, "build")?.map_err(ForeignS3Error::NotBuilt)?;
        Ok(Self(target.join("debug/foreign-s3")))
    }

    /// As [`ForeignS3::build`]; `None` if the crates cannot be fetched, and the calling test is counted as skipped.
    ///
    /// # Errors
    ///
    /// See [`ForeignS3Error`].
    pub fn build_or_skip() -> Result<Option<Self>, ForeignS3Error> {
        match Self::build() {
            Err(error @ ForeignS3Error::NotFetched(_)) => {
                skip(&error.to_string());
                Ok(None)
            }
            built => built.map(Some),
        }
    }

    /// Starts it with its objects in `folder`, and returns it with its `IP:PORT`. Anybody reads objects if they are public.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(&self, folder: &Path, is_public: bool) -> Result<(Process, String), ProcessError> {
        let objects = folder.join("foreign-s3");
        let unmade = |source| ProcessError::Spawn {
            name: "foreign-s3".to_owned(),
            source,
        };
        std::fs::create_dir_all(&objects).map_err(unmade)?;
        let mut command = Command::new(&self.0);
        command.arg(objects);
        if is_public {
            command.arg("--public-read");
        }
        let mut process = Process::spawn("foreign-s3", &mut command, folder)?;
        let address = process.address()?;
        Ok((process, address))
    }
}

/// A cargo command for the package; the inner error is the end of what it says.
fn cargo(target: &Path, subcommand: &str) -> io::Result<Result<(), String>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign-s3/Cargo.toml");
    let program = std::env::var_os("CARGO");
    let output = Command::new(program.as_deref().unwrap_or(OsStr::new("cargo")))
        .args([subcommand, "--locked", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", target)
        .output()?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = said.trim().lines().collect();
    Ok(Err(lines[lines.len().saturating_sub(20)..].join("\n")))
}
