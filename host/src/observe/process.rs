//! Measurements of this process that Linux offers: `None` on other systems.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Resident memory, in bytes.
#[must_use]
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Number of open files and sockets.
#[must_use]
pub(crate) fn open_files() -> Option<u64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is that of the folder itself.
    u64::try_from(count.saturating_sub(1)).ok()
}

/// Number of files and sockets that may be open; `None` for no limit.
#[must_use]
pub(crate) fn open_files_max() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Free bytes in the file system of `path`.
#[must_use]
pub(crate) fn disk_free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Path of the calling thread under `/proc`.
#[must_use]
pub(crate) fn this_thread() -> Option<PathBuf> {
    let thread = fs::read_link("/proc/thread-self").ok()?;
    Some(PathBuf::from("/proc").join(thread))
}

/// Processor time of a thread with this path, from [`this_thread`].
#[must_use]
pub(crate) fn cpu_of(thread: &std::path::Path) -> Option<Duration> {
    let text = fs::read_to_string(thread.join("schedstat")).ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
