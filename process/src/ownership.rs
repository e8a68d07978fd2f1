//! Files that root would leave in the folder of another user's service, which could not use them afterwards.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::text_file;

/// Where the names of users are.
const USERS_FILE: &str = "/etc/passwd";
/// A longer one is not read: no user has a name then.
const USERS_FILE_BYTES_MAX: u64 = 1 << 20;
/// Number of the user root.
const ROOT: u32 = 0;
/// The largest number of a user that a package makes for its service. A person's is larger, and so are those that networks and
/// containers put in the place of others.
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
    owner: String,
}

/// Refuses root what a service writes at `path` as a user of its own. If nothing lies there yet, the folder counts in which it would be
/// made. Root may use what is its own or a person's, such as the volume of a container.
///
/// # Errors
///
/// The process is root's, and the path belongs to the user of a service on this machine.
pub fn refuse_root(path: &Path) -> Result<(), RootRefused> {
    refuse_root_as(geteuid().as_raw(), path)
}

fn refuse_root_as(user: u32, path: &Path) -> Result<(), RootRefused> {
    if user != ROOT {
        return Ok(());
    }
    let found = path.ancestors().find_map(|ancestor| {
        // The parent of a relative path is the empty path, which stands for the working directory.
        let named = match ancestor.as_os_str().is_empty() {
            true => Path::new("."),
            false => ancestor,
        };
        Some((named, fs::metadata(named).ok()?.uid()))
    });
    let service = found.and_then(|(path, owner)| Some((path, service_user(owner)?)));
    match service {
        Some((path, owner)) => Err(RootRefused {
            path: path.to_owned(),
            owner,
        }),
        None => Ok(()),
    }
}

/// The name of a service's user, if this is one.
fn service_user(user: u32) -> Option<String> {
    (ROOT + 1..=SERVICE_USER_MAX)
        .contains(&user)
        .then(|| name(user))
        .flatten()
}

fn name(user: u32) -> Option<String> {
    let users = text_file::read(Path::new(USERS_FILE), USERS_FILE_BYTES_MAX).ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use super::*;

    /// Each system has such a user for services, `daemon` or `bin`.
    const SERVICE: u32 = 1;
    const PERSON: u32 = 54_321;

    #[test]
    fn root_is_refused_what_belongs_to_a_service() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("backup/store");
        if chown(folder.path(), Some(SERVICE), None).is_err() {
            // Not root.
            return;
        }
        let error = refuse_root_as(ROOT, &store).unwrap_err().to_string();
        let named = format!("{} belongs to the user ", folder.path().display());
        assert!(error.starts_with(&named), "{error}");
        let remedy = format!("`sudo -u {}`", name(SERVICE).unwrap());
        assert!(error.contains(&remedy), "{error}");
        refuse_root_as(SERVICE, &store).unwrap();
        for other in [ROOT, PERSON] {
            chown(folder.path(), Some(other), None).unwrap();
            refuse_root_as(ROOT, &store).unwrap();
        }
    }

    #[test]
    fn file_counts_before_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        fs::write(&store, "").unwrap();
        if chown(folder.path(), Some(SERVICE), None).is_err() {
            return;
        }
        refuse_root_as(ROOT, &store).unwrap();
        chown(&store, Some(SERVICE), None).unwrap();
        chown(folder.path(), Some(ROOT), None).unwrap();
        refuse_root_as(ROOT, &store).unwrap_err();
    }

    #[test]
    fn only_named_users_of_services_have_a_service() {
        assert!(service_user(SERVICE).is_some());
        assert_eq!(service_user(ROOT), None);
        assert_eq!(service_user(PERSON), None);
        let unnamed = (1..=SERVICE_USER_MAX).find(|user| name(*user).is_none());
        assert_eq!(unnamed.and_then(service_user), None);
    }
}
