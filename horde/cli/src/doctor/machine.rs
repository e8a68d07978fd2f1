//! The machine: room on the disk, and files that a process may have open.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

use crate::finding::Finding;

/// Room below which the store may not last for long, in bytes.
const FREE_BYTES_LOW: u64 = 2 << 30;
/// Room below which the store is about to fail, in bytes.
const FREE_BYTES_MIN: u64 = 256 << 20;
/// Open files below which connections to 256 miners, users and services have little room.
const OPEN_FILES_LOW: u64 = 4_096;
/// Open files below which they have none.
const OPEN_FILES_MIN: u64 = 1_024;

/// Looks at the room on the disk of a folder.
pub(crate) fn disk(folder: &Path) -> Finding {
    let part = "disk";
    match rustix::fs::statvfs(folder) {
        Ok(stat) => room(stat.f_bavail.saturating_mul(stat.f_frsize)),
        Err(error) => Finding::fault(
            part,
            format!("cannot look at the disk of {}: {error}", folder.display()),
            "give the folder of the validator as --folder",
        ),
    }
}

fn room(free_bytes: u64) -> Finding {
    let part = "disk";
    let text = format!("{} MiB are free", free_bytes >> 20);
    let remedy = "delete what is not needed, or move the folder to a larger disk: a host whose disk is full stops";
    match free_bytes {
        0..FREE_BYTES_MIN => Finding::fault(part, text, remedy),
        FREE_BYTES_MIN..FREE_BYTES_LOW => Finding::warning(part, text, remedy),
        _ => Finding::good(part, text),
    }
}

/// Looks at the limit of open files: of the running host if there is one, else of a host that is started from here.
pub(crate) fn open_files(host: Option<u32>) -> Finding {
    let of_host = host.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/limits")).ok());
    let of_host = of_host.and_then(|limits| open_files_of(&limits));
    // The host raises its own limit as far as it may.
    let own = || getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    files(of_host.unwrap_or_else(own))
}

/// The present limit in `/proc/PID/limits`.
fn open_files_of(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    match line.split_whitespace().nth(3)? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

fn files(limit: u64) -> Finding {
    let part = "open files";
    let text = format!("the host may have {limit} open");
    let remedy = "allow more: `ulimit -n 65536` in its shell, LimitNOFILE= of its service, --ulimit nofile of its container";
    match limit {
        0..OPEN_FILES_MIN => Finding::fault(part, text, remedy),
        OPEN_FILES_MIN..OPEN_FILES_LOW => Finding::warning(part, text, remedy),
        u64::MAX => Finding::good(part, "the host may have any number open"),
        _ => Finding::good(part, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;

    #[test]
    fn little_room_is_found() {
        assert_eq!(room(1 << 20).level, Level::Fault);
        assert_eq!(room(1 << 30).level, Level::Warning);
        assert_eq!(room(4 << 30).level, Level::Good);
        assert_eq!(disk(Path::new("/no/such/folder")).level, Level::Fault);
    }

    #[test]
    fn low_limit_of_files_is_found() {
        assert_eq!(files(256).level, Level::Fault);
        assert_eq!(files(1_024).level, Level::Warning);
        assert_eq!(files(65_536).level, Level::Good);
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            512                  1048576              files\n";
        assert_eq!(open_files_of(limits), Some(512));
        assert_eq!(open_files_of("Max open files unlimited"), Some(u64::MAX));
        assert_eq!(open_files_of("Max open files"), None);
    }

    #[test]
    fn limit_of_a_running_process_is_read() {
        let own = open_files(Some(std::process::id()));
        let current = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert_eq!(own, files(current));
    }
}
