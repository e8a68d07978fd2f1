//! Content-addressed copies of plugin files.
//!
//! The copy's name holds the hash of its bytes, so the dynamic linker, which identifies libraries by name and inode,
//! never confuses two builds.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;
use tig_process::whole_file;

use super::{PluginError, PluginFile, content, libraries};

/// Permissions of a copy: no process writes to it.
const COPY_MODE: u32 = 0o500;

/// Digits of the hash in a copy's name.
const HASH_DIGITS: usize = 32;

/// Name of the folders that replace those between a plugin and libraries above it.
const BELOW: &str = "plugin";

/// Writes a copy of the plugin file into `folder`, unless it is there already, and returns its path.
///
/// Libraries that it needs from beside itself lie beside the copy in the same way, in a folder of this copy alone.
pub(super) fn write_copy(folder: &Path, candidate: &PluginFile) -> Result<PathBuf, PluginError> {
    let name = format!(
        "{}-{}",
        candidate.manifest.name,
        &candidate.hash[..HASH_DIGITS]
    );
    let libraries = &candidate.libraries;
    let mut place = folder.to_owned();
    if !libraries.is_empty() {
        place.push(&name);
        place.extend((0..libraries::depth(libraries)).map(|_| BELOW));
    }
    make_folder(&place)?;
    refuse_noexec(&place)?;
    for library in libraries {
        let path = place.join(&library.place);
        make_folder(path.parent().unwrap_or(&place))?;
        write(&path, &library.bytes)?;
    }
    let path = place.join(format!("{name}.so"));
    write(&path, &candidate.bytes)?;
    Ok(path)
}

/// The nearest existing folder at or above `path`.
pub(super) fn existing(path: &Path) -> &Path {
    let here = |folder: &&Path| folder.is_dir();
    // The parent of a relative path is the empty path, which stands for the working directory.
    let is_named = |folder: &&Path| !folder.as_os_str().is_empty();
    let mut ancestors = path.ancestors().filter(is_named);
    ancestors.find(here).unwrap_or(Path::new("."))
}

/// # Errors
///
/// No code can be mapped from files in `folder`, or where it will be created.
pub(super) fn refuse_noexec(folder: &Path) -> Result<(), PluginError> {
    // If the file system reports no flags, the trial of the copy decides.
    let stat = rustix::fs::statvfs(existing(folder));
    check_mount(
        folder,
        stat.map_or(StatVfsMountFlags::empty(), |stat| stat.f_flag),
    )
}

fn check_mount(folder: &Path, flags: StatVfsMountFlags) -> Result<(), PluginError> {
    if flags.contains(StatVfsMountFlags::NOEXEC) {
        let folder = folder.to_owned();
        return Err(PluginError::NoExec { folder });
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), PluginError> {
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.map_err(PluginError::file("make the folder", path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PluginError> {
    if content::is_same(path, bytes) {
        return Ok(());
    }
    // Not synced: a copy that a power cut has damaged differs from its original, and is written again before it is used.
    whole_file::write(path, bytes, COPY_MODE).map_err(PluginError::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_existing_folder_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("a/b");
        assert_eq!(existing(&missing), folder.path());
        assert_eq!(existing(folder.path()), folder.path());
        assert_eq!(existing(Path::new("nowhere-at-all/b")), Path::new("."));
    }

    #[test]
    fn folder_for_copies_must_allow_code() {
        let flags = StatVfsMountFlags::NOEXEC | StatVfsMountFlags::NOSUID;
        let error = check_mount(Path::new("/mnt"), flags).unwrap_err();
        assert!(matches!(error, PluginError::NoExec { .. }), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = make_folder(&file.join("below")).unwrap_err();
        assert!(matches!(error, PluginError::File { .. }), "{error}");
    }
}
