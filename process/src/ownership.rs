//! Files that root would leave in the folder of another user's service, which could not use them afterwards.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::text_file;

/// Where the names of users are.
const USERS_FILE: &str = "/etc/passwd";
/// A longer one is not read, and users are shown by their numbers.
const USERS_FILE_BYTES_MAX: u64 = 1 << 20;
/// Number of the user root.
const ROOT: u32 = 0;
/// The largest number of a user that a package makes for its service; a person's is larger.
const SERVICE_USER_MAX: u32 = 999;

/// Root is not to write here.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} belongs to the user {owner}, whose service could not use what root writes there; run the same command with \
     `sudo -u {owner}`, or, if root is to run it, make it root's own",
    path.display()
)]
pub struct RootRefused {
    path: PathBuf,
    /// As a shell takes it.
    owner: String,
}

/// Refuses root what another user's service writes at `path`. If nothing lies there yet, the folder counts in which it would be made, if
/// it belongs to the user of a service: root may start in the folder of a person, as containers do on volumes. What root has made itself
/// is root's to use.
///
/// # Errors
///
/// The process is root's, and another user owns the path.
pub fn refuse_root(path: &Path) -> Result<(), RootRefused> {
    refuse_root_as(geteuid().as_raw(), path)
}

fn refuse_root_as(user: u32, path: &Path) -> Result<(), RootRefused> {
    let found = path.ancestors().find_map(|ancestor| {
        // The parent of a relative path is the empty path, which stands for the working directory.
        let named = match ancestor.as_os_str().is_empty() {
            true => Path::new("."),
            false => ancestor,
        };
        Some((named, fs::metadata(named).ok()?.uid()))
    });
    match found {
        Some((found, owner)) if user == ROOT && is_of_service(owner, found == path) => {
            Err(RootRefused {
                path: found.to_owned(),
                owner: name(owner),
            })
        }
        _ => Ok(()),
    }
}

/// Whether another user's service is at work: one has made the file, or the folder belongs to such a user.
fn is_of_service(owner: u32, is_made: bool) -> bool {
    owner != ROOT && (is_made || owner <= SERVICE_USER_MAX)
}

/// The name of a user, or else the number as `sudo -u` takes it.
fn name(user: u32) -> String {
    let users = text_file::read(Path::new(USERS_FILE), USERS_FILE_BYTES_MAX);
    let users = users.unwrap_or_default();
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    });
    found.unwrap_or_else(|| format!("'#{user}'"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use super::*;

    /// Nobody has them.
    const SERVICE: u32 = 987;
    const PERSON: u32 = 54_321;

    #[test]
    fn root_is_refused_in_folder_of_a_service() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("backup/store");
        refuse_root_as(ROOT, &store).unwrap();
        if chown(folder.path(), Some(SERVICE), None).is_err() {
            // Not root.
            return;
        }
        let error = refuse_root_as(ROOT, &store).unwrap_err().to_string();
        let named = format!("{} belongs to the user ", folder.path().display());
        assert!(error.starts_with(&named), "{error}");
        let remedy = format!("`sudo -u {}`", name(SERVICE));
        assert!(error.contains(&remedy), "{error}");
        refuse_root_as(SERVICE, &store).unwrap();
        chown(folder.path(), Some(PERSON), None).unwrap();
        refuse_root_as(ROOT, &store).unwrap();
    }

    #[test]
    fn file_counts_before_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        fs::write(&store, "").unwrap();
        if chown(folder.path(), Some(SERVICE), None).is_err() {
            // Not root: the file is another user's.
            refuse_root_as(ROOT, &store).unwrap_err();
            return;
        }
        refuse_root_as(ROOT, &store).unwrap();
        chown(&store, Some(PERSON), None).unwrap();
        refuse_root_as(ROOT, &store).unwrap_err();
    }

    #[test]
    fn users_have_names_or_numbers() {
        assert_eq!(name(ROOT), "root");
        assert_eq!(name(PERSON), format!("'#{PERSON}'"));
    }
}
