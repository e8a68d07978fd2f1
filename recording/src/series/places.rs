//! The files of a series on disk: their names, the place of each, and who may write them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::block::MAGIC;

/// Files of one series. Each start of a host adds one, so a host that is restarted again and again reaches it before the other bounds.
pub const FILES_COUNT_MAX: usize = 64;

/// Events are the business of their operator.
const FILE_MODE: u32 = 0o600;

/// All files of the series at `path`, the oldest first.
#[must_use]
pub fn files(path: &Path) -> Vec<PathBuf> {
    let mut files = earlier_files(path);
    files.reverse();
    if path.exists() {
        files.push(path.to_owned());
    }
    files
}

/// The latest first.
pub(super) fn earlier_files(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(usize, PathBuf)> = (1..=FILES_COUNT_MAX)
        .map(|number| (number, numbered(path, number)))
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, path)| path).collect()
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    with_suffix(path, &number.to_string())
}

/// Where a file is until it has its head.
pub(super) fn unentered(path: &Path) -> PathBuf {
    with_suffix(path, "new")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{suffix}"));
    name.into()
}

/// # Errors
///
/// Another host writes to the file, or what is there is not a recording: it must be neither moved nor removed.
pub(super) fn check_is_free(path: &Path) -> io::Result<()> {
    for path in [&[path.to_owned(), unentered(path)], &*earlier_files(path)].concat() {
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if !metadata.is_file() || !is_recording(&path)? {
            let text = format!("{} is there, and is not a recording", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        match File::open(&path)?.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = "another tig-host writes to it".to_owned();
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
            }
            // The file system has no locks.
            Err(TryLockError::Error(_)) => {}
        }
    }
    Ok(())
}

/// Whether the file begins like a recording, as far as it goes: a host may have been killed before its first block.
fn is_recording(path: &Path) -> io::Result<bool> {
    let mut begin = Vec::new();
    File::open(path)?
        .take(MAGIC.len() as u64)
        .read_to_end(&mut begin)?;
    Ok(MAGIC.starts_with(&begin))
}

/// Moves each file of the series one number on, if there is one at `path`.
pub(super) fn make_room(path: &Path) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    remove_smallest(path)?;
    // The highest number first; a gap needs no more moves behind it.
    let free = (1..=FILES_COUNT_MAX).find(|number| !numbered(path, *number).exists());
    for number in (1..free.unwrap_or(FILES_COUNT_MAX)).rev() {
        fs::rename(numbered(path, number), numbered(path, number + 1))?;
    }
    fs::rename(path, numbered(path, 1))
}

/// Removes earlier files until the series has a place for one more. The smallest go first, and of equal ones the oldest: those of starts
/// that failed hold little, and a large one may say why they did. The file at `path`, the latest, stays.
fn remove_smallest(path: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for file in earlier_files(path).into_iter().rev() {
        files.push((fs::metadata(&file)?.len(), file));
    }
    // The sort keeps the order of equal ones.
    files.sort_by_key(|(bytes, _)| *bytes);
    // Two are beside the earlier ones: that at `path`, and the next one.
    let surplus = (files.len() + 2).saturating_sub(FILES_COUNT_MAX);
    for (_, file) in files.into_iter().take(surplus) {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// Creates the next file of the series at `path`, which is not part of it yet.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let path = unentered(path);
    // A host was killed before its file had a head. Another host holds no such file: this was checked, or the lock of the series is ours.
    match is_recording(&path) {
        Ok(true) => fs::remove_file(&path)?,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)?;
    // A file system without locks only lacks the check for another host.
    let _ = file.try_lock();
    Ok(file)
}
