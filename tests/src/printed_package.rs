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
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let repository = repository.canonicalize()?;
        symlink(&repository, place.join(CLONE))?;
        let package = place.join("package");
        fs::create_dir_all(package.join("src"))?;
        fs::write(package.join("Cargo.toml"), self.manifest)?;
        fs::write(package.join("src/lib.rs"), self.code)?;
        // The versions that are here, since nothing is fetched.
        fs::copy(repository.join("Cargo.lock"), package.join("Cargo.lock"))?;
        let target = repository.join("target").join(self.target);
        if let Some(tests) = self.tests {
            fs::write(package.join("src/tests.rs"), tests)?;
            run_cargo("test", &package, &target)?;
        }
        run_cargo("build", &package, &target)?;
        Ok(target.join("debug").join(plugin_file_name(self.name)))
    }
}

fn run_cargo(command: &str, package: &Path, target: &Path) -> io::Result<()> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([command, "--offline"])
        .current_dir(package)
        .env("CARGO_TARGET_DIR", target)
        // Symbols would only cost time.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let [errors, tests] =
        [output.stderr, output.stdout].map(|said| String::from_utf8_lossy(&said).into_owned());
    Err(io::Error::other(errors + &tests))
}
