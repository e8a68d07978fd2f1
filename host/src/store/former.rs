//! Copies of stores of earlier layouts, which an upgrade keeps beside the store: the way back to the earlier host.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use time::OffsetDateTime;

/// Folder of the copies, beside the store.
const FOLDER: &str = "before-upgrade";

/// Copies that are kept; an upgrade removes the oldest ones beyond them.
const COPIES_COUNT_MAX: usize = 3;

/// Ending of a copy's name.
const SUFFIX: &str = ".redb";

/// Copies the store at `path`, in which nothing is written meanwhile; returns the path of the copy.
///
/// # Errors
///
/// The copy cannot be written or synced; then there is no part of it.
pub(super) fn keep(path: &Path, layout: &str, now: SystemTime) -> io::Result<PathBuf> {
    let folder = path.with_file_name(FOLDER);
    fs::create_dir_all(&folder)?;
    let mut from = File::open(path)?;
    let mut copy = tempfile::NamedTempFile::new_in(&folder)?;
    io::copy(&mut from, copy.as_file_mut())?;
    copy.as_file().sync_all()?;
    let kept = folder.join(format!("{}-layout-{layout}{SUFFIX}", stamp(now)));
    copy.persist(&kept)?;
    File::open(&folder)?.sync_all()?;
    prune(&folder, &kept)?;
    Ok(kept)
}

/// A date and time, in UTC, as names sort: `2026-11-29T200823Z`.
fn stamp(now: SystemTime) -> String {
    let now = OffsetDateTime::from(now);
    let (year, month, day) = now.to_calendar_date();
    let (hour, minute, second) = now.to_hms();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Removes the oldest copies. `newest` stays, even if the clock has gone back.
fn prune(folder: &Path, newest: &Path) -> io::Result<()> {
    let mut copies = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(SUFFIX) && path != newest {
            copies.push(path);
        }
    }
    copies.sort();
    let surplus = (copies.len() + 1).saturating_sub(COPIES_COUNT_MAX);
    copies.iter().take(surplus).try_for_each(fs::remove_file)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn newest_copies_are_kept_by_date() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let keep_at = |seconds: u64| {
            fs::write(&path, seconds.to_string()).unwrap();
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            keep(&path, "1", now).unwrap()
        };
        let first = keep_at(1_000_000_000);
        let name = first.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, "2001-09-09T014640Z-layout-1.redb");
        keep_at(1_000_000_001);
        keep_at(1_000_000_002);
        assert!(first.exists());
        // The clock has gone back.
        let back = keep_at(7);
        assert!(back.exists() && !first.exists());
        assert_eq!(fs::read_to_string(back).unwrap(), "7");
        let copies = fs::read_dir(folder.path().join(FOLDER)).unwrap();
        assert_eq!(copies.count(), COPIES_COUNT_MAX);
    }

    #[test]
    fn failed_copy_leaves_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("store");
        assert!(keep(&missing, "1", SystemTime::UNIX_EPOCH).is_err());
        let copies = fs::read_dir(folder.path().join(FOLDER)).unwrap();
        assert_eq!(copies.count(), 0);
    }
}
