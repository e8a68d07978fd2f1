//! Whether a crate can be built here: cargo and a compiler that is new enough.

use std::fmt::{self, Display, Formatter};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tig_scaffold::RUST_VERSION;

/// Time for a program to print its version; rustup may look for a toolchain first.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a version that are read.
const VERSION_BYTES_MAX: u64 = 4 << 10;

/// Why the crate cannot be built here, with what to do about it. The crate itself is right.
#[derive(Debug)]
pub(super) enum Complaint {
    /// There is no such program.
    Missing(&'static str, io::Error),
    /// It does not say its version.
    Silent(&'static str),
    /// It is too old.
    Old(&'static str, String),
}

impl Display for Complaint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(program, error) => write!(
                f,
                "cannot run {program}: {error}; install Rust {RUST_VERSION} or newer (https://rustup.rs), or put it on PATH"
            ),
            Self::Silent(program) => write!(
                f,
                "`{program} --version` gives no version; run it to see why, the plugin needs Rust {RUST_VERSION} or newer"
            ),
            Self::Old(program, version) => write!(
                f,
                "{program} is {version}, the plugin needs {RUST_VERSION} or newer; run `rustup update`, or give the folder a newer one by `rustup override set`"
            ),
        }
    }
}

/// What is wrong with the programs that build a crate in `folder`, where another toolchain may be set than elsewhere.
pub(super) fn complaints(folder: &Path) -> Vec<Complaint> {
    let programs = ["cargo", "rustc"].into_iter();
    programs
        .filter_map(|program| complaint(program, print_version(program, folder)))
        .collect()
}

/// What to say of a program that printed this.
fn complaint(program: &'static str, printed: io::Result<String>) -> Option<Complaint> {
    let printed = match printed {
        Ok(printed) => printed,
        Err(error) => return Some(Complaint::Missing(program, error)),
    };
    // `rustc 1.95.0 (59807616e 2026-04-14)`
    let version = printed.split_whitespace().nth(1).unwrap_or_default();
    match (minor_version(version), minor_version(RUST_VERSION)) {
        (Some(present), Some(needed)) if present < needed => {
            Some(Complaint::Old(program, version.to_owned()))
        }
        (Some(_), _) => None,
        (None, _) => Some(Complaint::Silent(program)),
    }
}

/// The first two numbers of a version.
fn minor_version(version: &str) -> Option<(u64, u64)> {
    let mut numbers = version.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// What `program --version` prints; empty if it does not end in time.
fn print_version(program: &str, folder: &Path) -> io::Result<String> {
    let mut child = Command::new(program)
        .arg("--version")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = child.stdout.take();
    let (sender, printed) = mpsc::channel();
    let reader = move || {
        let mut text = String::new();
        // What cannot be read is not a version.
        let read = stdout.map(|stdout| stdout.take(VERSION_BYTES_MAX).read_to_string(&mut text));
        // Nobody waits any more if this fails.
        let _ = sender.send(read.map(|_| text).unwrap_or_default());
    };
    let started = thread::Builder::new().spawn(reader);
    let printed = printed.recv_timeout(VERSION_TIMEOUT).unwrap_or_default();
    // It has printed all, or has had its time.
    let _ = child.kill();
    child.wait()?;
    started?;
    Ok(printed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(printed: io::Result<&str>) -> Option<String> {
        complaint("rustc", printed.map(str::to_owned)).map(|complaint| complaint.to_string())
    }

    #[test]
    fn needed_version_and_newer_ones_are_fine() {
        for version in [&format!("{RUST_VERSION}.0"), "1.999.0-nightly", "2.0.0"] {
            assert_eq!(
                said(Ok(&format!("rustc {version} (5980 2026-04-14)\n"))),
                None
            );
        }
    }

    #[test]
    fn each_complaint_has_its_remedy() {
        let missing = Err(io::ErrorKind::NotFound.into());
        for (printed, remedy) in [
            (
                Ok("rustc 1.9.0 (abc)\n"),
                "rustc is 1.9.0, the plugin needs 1.95 or newer; run `rustup update`",
            ),
            (
                Ok(""),
                "`rustc --version` gives no version; run it to see why",
            ),
            (Ok("cannot find a toolchain\n"), "gives no version"),
            (missing, "; install Rust 1.95 or newer"),
        ] {
            let said = said(printed).unwrap();
            assert!(said.contains(remedy), "{said}");
        }
    }

    #[test]
    fn program_that_is_there_prints_its_version() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(
            print_version("cargo", folder)
                .unwrap()
                .starts_with("cargo ")
        );
        assert!(print_version("no-such-program", folder).is_err());
    }
}
