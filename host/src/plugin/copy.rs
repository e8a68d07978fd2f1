//! Content-addressed copies of plugin files.
//!
//! The copy's name holds the hash of its bytes, so the dynamic linker, which tells libraries apart by name and inode,
//! never takes a new build for an old one.

use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{Candidate, PluginError};

/// Digits of the hash in a copy's name.
const HASH_DIGITS: usize = 32;

/// Writes the candidate's bytes into `folder`, unless they are there already, and returns the copy's path.
pub(super) fn keep(folder: &Path, candidate: &Candidate) -> Result<PathBuf, PluginError> {
    let name = format!(
        "{}-{}.so",
        candidate.manifest.name,
        &candidate.hash[..HASH_DIGITS]
    );
    let path = folder.join(name);
    let failed = |what| {
        let path = path.clone();
        move |source| PluginError::File { what, path, source }
    };
    let mut builder = fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed("make the folder of"))?;
    if fs::read(&path).is_ok_and(|bytes| bytes == candidate.bytes) {
        return Ok(path);
    }
    let partial = path.with_extension(format!("{}.part", std::process::id()));
    write_synced(&partial, &candidate.bytes).map_err(failed("write"))?;
    fs::rename(&partial, &path).map_err(failed("rename into place"))?;
    Ok(path)
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A leftover of a process that died while writing.
    if path.exists() {
        fs::remove_file(path)?;
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o500)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
