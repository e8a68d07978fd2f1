//! A folder with what cargo has built for one profile.

use std::io;
use std::path::{Path, PathBuf};

/// A folder such as `target/debug`.
#[derive(Clone, Debug)]
pub struct BuildFolder(PathBuf);

impl BuildFolder {
    /// The folder at `path`.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The folder of the profile that the running test was built with.
    ///
    /// # Errors
    ///
    /// The test's own file is unknown, or in no such folder.
    pub fn of_running_test() -> io::Result<Self> {
        // target/<profile>/deps/<test>
        let executable = std::env::current_exe()?;
        let folder = executable.ancestors().nth(2);
        let folder = folder.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Self(folder.to_owned()))
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// An executable.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.0
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The library of an extension.
    #[must_use]
    pub fn plugin(&self, extension: &str) -> PathBuf {
        self.0.join(plugin_file_name(extension))
    }

    /// The first file of these programs and extensions that was not built.
    #[must_use]
    pub fn first_missing(&self, programs: &[&str], extensions: &[&str]) -> Option<PathBuf> {
        let programs = programs.iter().map(|name| self.program(name));
        let plugins = extensions.iter().map(|name| self.plugin(name));
        programs.chain(plugins).find(|path| !path.exists())
    }
}

/// Name of the file that holds `extension`.
#[must_use]
pub fn plugin_file_name(extension: &str) -> String {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    format!("{prefix}{extension}{suffix}")
}
