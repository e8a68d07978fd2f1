//! Packages as pages of the documentation show them, built as a stranger builds them: beside the repository, from the page alone.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build_folder::plugin_file_name;

/// Name of the clone, as the pages have it.
const CLONE: &str = "tig-host";

/// The `number`-th block of a language in a page, counted from 0.
#[must_use]
pub fn printed_block<'a>(page: &'a str, language: &str, number: usize) -> Option<&'a str> {
    let start = format!("\n```{language}");
    let block = page.split(&start).nth(number + 1)?;
    // The rest of the first line is for documentation tests.
    let (_, block) = block.split_once('\n')?;
    Some(block.split_once("```")?.0)
}

/// A package of one file, and perhaps one of tests.
#[derive(Clone, Copy, Debug)]
pub struct PrintedPackage<'a> {
    /// Name of the extension.
    pub name: &'a str,
    /// Its `Cargo.toml`.
    pub manifest: &'a str,
    /// Its `src/lib.rs`.
    pub code: &'a str,
    /// Its `src/tests.rs`: then the tests are run, too.
    pub tests: Option<&'a str>,
    /// Folder in the repository's `target` for what is built, so that the next time is faster.
    pub target: &'a str,
}

impl PrintedPackage<'_> {
    /// Builds it in the empty folder `place`, and runs its tests; returns the extension's file.
    ///
    /// # Errors
    ///
    /// A file cannot be written, or the package is not built, or a test fails: then with what Cargo says.
    pub fn build(&self, place: &Path) -> io::Result<PathBuf> {
        let package = self.write(place)?;
        if let Some(tests) = self.tests {
            fs::write(package.join("src/tests.rs"), tests)?;
            self.cargo(&package, &["test"])?;
        }
        self.cargo(&package, &["build"])?;
        let file = plugin_file_name(self.name);
        Ok(self.target()?.join("debug").join(file))
    }

    /// Writes it into the empty folder `place`, beside the repository; returns its folder.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn write(&self, place: &Path) -> io::Result<PathBuf> {
        let repository = repository()?;
        symlink(&repository, place.join(CLONE))?;
        let package = place.join("package");
        fs::create_dir_all(package.join("src"))?;
        fs::write(package.join("Cargo.toml"), self.manifest)?;
        fs::write(package.join("src/lib.rs"), self.code)?;
        // The versions that are here, since nothing is fetched.
        fs::copy(repository.join("Cargo.lock"), package.join("Cargo.lock"))?;
        Ok(package)
    }

    /// Runs Cargo in the written package; returns what it prints.
    ///
    /// # Errors
    ///
    /// Cargo cannot be run, or fails: then with what it says.
    pub fn cargo(&self, package: &Path, words: &[&str]) -> io::Result<String> {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(words)
            .arg("--offline")
            .current_dir(package)
            .env("CARGO_TARGET_DIR", self.target()?)
            // Symbols would only cost time.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()?;
        let [errors, out] =
            [output.stderr, output.stdout].map(|said| String::from_utf8_lossy(&said).into_owned());
        match output.status.success() {
            true => Ok(out),
            false => Err(io::Error::other(errors + &out)),
        }
    }

    /// The folder for what is built.
    ///
    /// # Errors
    ///
    /// The repository is not where it was built.
    pub fn target(&self) -> io::Result<PathBuf> {
        Ok(repository()?.join("target").join(self.target))
    }
}

fn repository() -> io::Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
}
