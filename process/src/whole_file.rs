//! Files that are replaced as a whole: a reader sees the former content or the new one, never a part.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Ending of a file's name while it is written.
const PARTIAL_SUFFIX: &str = ".part";

/// Writes `bytes` to `path` with the permissions `mode`. Nothing is synced: after a power cut the file may be damaged.
///
/// # Errors
/// The system's reason; the former content stays then.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write_and(path, bytes, mode, |_| Ok(()))
}

/// As [`write()`], but `bytes` are on disk before they replace the former content: after a power cut one of the two is there.
///
/// # Errors
/// The system's reason; the former content stays then.
pub fn write_synced(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write_and(path, bytes, mode, File::sync_all)
}

/// Writes the file beside its place, calls `complete` with it, and moves it there.
fn write_and(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    complete: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let parent = path.parent();
    let folder = parent.filter(|folder| !folder.as_os_str().is_empty());
    // Its permissions are for the owner only until the content is there.
    let mut partial = tempfile::Builder::new()
        .suffix(PARTIAL_SUFFIX)
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    partial.write_all(bytes)?;
    partial
        .as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    complete(partial.as_file())?;
    partial.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn former_file_is_replaced_with_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        type Write = fn(&Path, &[u8], u32) -> io::Result<()>;
        let writes: [(Write, _, _); 3] = [
            (write, "long text", 0o500),
            (write, "short", 0o640),
            (write_synced, "synced", 0o600),
        ];
        for (write, text, mode) in writes {
            write(&path, text.as_bytes(), mode).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            let permissions = fs::metadata(&path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, mode);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn failed_write_leaves_no_partial_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        assert!(write(&path, b"text", 0o600).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
