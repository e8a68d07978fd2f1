//! The machine: folder, disk, open files, processors.

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::Finding;

/// Room for modules, machine code and undelivered results, in bytes.
const FREE_BYTES_LOW: u64 = 1 << 30;
/// Room below which no module can be kept.
const FREE_BYTES_MIN: u64 = 64 << 20;
/// Open files below which a slave does not start its threads and sockets.
const OPEN_FILES_MIN: u64 = 64;
/// Open files with which a slave has room.
const OPEN_FILES_LOW: u64 = 256;

/// Whether files can be made in the algorithms folder, or the folder itself.
pub(super) fn folder(folder: &Path) -> Finding {
    const REMEDY: &str = "give a folder that this user can write to, as the third argument";
    let part = "folder";
    let shown = folder.display();
    match tempfile::tempfile_in(existing(folder)) {
        Ok(_) if folder.is_dir() => Finding::ok(part, format!("{shown} can be written")),
        Ok(_) if folder.exists() => Finding::fail(part, format!("{shown} is not a folder"), REMEDY),
        Ok(_) => Finding::ok(part, format!("{shown} is made at the start")),
        Err(error) => {
            let what = match error.kind() {
                ErrorKind::StorageFull => "the disk is full".to_owned(),
                _ => error.to_string(),
            };
            Finding::fail(part, format!("cannot write to {shown}: {what}"), REMEDY)
        }
    }
}

pub(super) fn disk(folder: &Path) -> Finding {
    match rustix::fs::statvfs(existing(folder)) {
        Ok(stat) => room(stat.f_bavail.saturating_mul(stat.f_frsize)),
        Err(error) => Finding::fail(
            "disk",
            format!("cannot look at the disk of {}: {error}", folder.display()),
            "give another algorithms folder",
        ),
    }
}

fn room(free_bytes: u64) -> Finding {
    let part = "disk";
    let text = format!(
        "{} MB are free for modules and results",
        free_bytes / 1_000_000
    );
    let remedy = "delete what is not needed, or give an algorithms folder on another disk";
    match free_bytes {
        0..FREE_BYTES_MIN => Finding::fail(part, text, remedy),
        FREE_BYTES_MIN..FREE_BYTES_LOW => Finding::warn(part, text, remedy),
        _ => Finding::ok(part, text),
    }
}

pub(super) fn open_files() -> Finding {
    files(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
}

fn files(limit: u64) -> Finding {
    let part = "open files";
    let text = match limit {
        u64::MAX => "any number may be open".to_owned(),
        limit => format!("{limit} may be open"),
    };
    let remedy = "allow more: `ulimit -n 1024` in its shell, LimitNOFILE= of its service, --ulimit nofile of its container";
    match limit {
        0..OPEN_FILES_MIN => Finding::fail(part, text, remedy),
        OPEN_FILES_MIN..OPEN_FILES_LOW => Finding::warn(part, text, remedy),
        _ => Finding::ok(part, text),
    }
}

pub(super) fn processors(workers: NonZeroUsize) -> Finding {
    let available = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    share(workers.get(), available.get())
}

fn share(workers: usize, processors: usize) -> Finding {
    let part = "processors";
    let text = format!("{workers} nonces at a time on {processors} processors");
    match workers {
        _ if workers > processors => Finding::warn(
            part,
            text,
            "leave out --workers: more than one nonce per processor makes each batch slower",
        ),
        _ if workers < processors => Finding::warn(
            part,
            text,
            "leave out --workers to use all of them, unless the others are for something else",
        ),
        _ => Finding::ok(part, text),
    }
}

/// The folder, or the nearest one above it that exists.
fn existing(folder: &Path) -> &Path {
    let mut above = folder.ancestors();
    let found = above.find(|folder| folder.exists() && !folder.as_os_str().is_empty());
    found.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn limits_have_three_levels() {
        for (finding, expected) in [
            (room(0), Level::Fail),
            (room(100 << 20), Level::Warn),
            (room(2 << 30), Level::Ok),
            (files(20), Level::Fail),
            (files(128), Level::Warn),
            (files(u64::MAX), Level::Ok),
            (share(8, 4), Level::Warn),
            (share(2, 4), Level::Warn),
            (share(4, 4), Level::Ok),
        ] {
            assert_eq!(finding.level, expected, "{finding:?}");
            assert_eq!(finding.remedy.is_empty(), expected == Level::Ok);
        }
    }

    #[test]
    fn folder_that_cannot_be_made_is_found() {
        let root = tempfile::tempdir().unwrap();
        let missing = root.path().join("a/b");
        assert_eq!(folder(root.path()).level, Level::Ok);
        assert_eq!(folder(&missing).level, Level::Ok);
        assert!(!missing.exists(), "nothing is changed");
        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(folder(&file).level, Level::Fail);
        assert_eq!(folder(&file.join("a")).level, Level::Fail);
        assert_eq!(folder(Path::new("/proc/no")).level, Level::Fail);
        assert_eq!(disk(&missing).part, "disk");
    }
}
