//! Writes a crate: its folder is there as a whole, or not at all.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::name::PluginName;
use crate::render::GeneratedFile;

/// Rights of the folder, less those that the process's mask takes away.
const FOLDER_MODE: u32 = 0o777;

/// Why there is no crate.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something is there already.
    #[error("{} exists; give another name, another --folder, or remove it", .0.display())]
    Exists(PathBuf),
    /// The folder for it is missing.
    #[error("there is no folder {}; make it, or give another --folder", .0.display())]
    NoParent(PathBuf),
    /// The system refuses.
    #[error("cannot write into {}: {source}; give another --folder", parent.display())]
    Refused {
        /// Where the crate was to be.
        parent: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Writes the files into a new folder of the plugin's name in `parent`, and returns it. They come into their place together:
/// what is cut short leaves at most a folder whose name begins with a dot.
///
/// # Errors
///
/// There is something of the name, `parent` is missing, or the system refuses.
pub fn write(
    parent: &Path,
    name: &PluginName,
    files: &[GeneratedFile],
) -> Result<PathBuf, WriteError> {
    if !parent.is_dir() {
        return Err(WriteError::NoParent(parent.to_owned()));
    }
    let folder = parent.join(name.as_str());
    // Also a link that leads nowhere.
    if folder.symlink_metadata().is_ok() {
        return Err(WriteError::Exists(folder));
    }
    let refused = |source| WriteError::Refused {
        parent: parent.to_owned(),
        source,
    };
    let draft = tempfile::Builder::new()
        .prefix(&format!(".{name}-"))
        .permissions(Permissions::from_mode(FOLDER_MODE))
        .tempdir_in(parent)
        .map_err(refused)?;
    fill(draft.path(), files).map_err(refused)?;
    match fs::rename(draft.path(), &folder) {
        Ok(()) => {
            // It is in its place: there is nothing to remove.
            let _ = draft.keep();
            Ok(folder)
        }
        // Somebody else has made it meanwhile.
        Err(_) if folder.symlink_metadata().is_ok() => Err(WriteError::Exists(folder)),
        Err(source) => Err(refused(source)),
    }
}

fn fill(folder: &Path, files: &[GeneratedFile]) -> io::Result<()> {
    for file in files {
        let path = folder.join(file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, &file.text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn name() -> PluginName {
        PluginName::parse("zebra").unwrap()
    }

    fn file(path: &'static str) -> GeneratedFile {
        GeneratedFile {
            path,
            text: "text".to_owned(),
        }
    }

    fn entries(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    #[test]
    fn folder_holds_all_files() {
        let parent = tempfile::tempdir().unwrap();
        let folder = write(parent.path(), &name(), &[file("a"), file("src/b")]).unwrap();
        assert_eq!(fs::read_to_string(folder.join("src/b")).unwrap(), "text");
        assert_eq!(entries(parent.path()), ["zebra"]);
    }

    #[test]
    fn failed_write_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        // A file cannot be a folder, too.
        let result = write(parent.path(), &name(), &[file("a"), file("a/b")]);
        assert!(
            matches!(result, Err(WriteError::Refused { .. })),
            "{result:?}"
        );
        assert_eq!(entries(parent.path()), [""; 0]);
    }

    #[test]
    fn what_exists_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("zebra");
        let refused = || {
            write(parent.path(), &name(), &[file("a")])
                .unwrap_err()
                .to_string()
        };
        fs::create_dir(&place).unwrap();
        assert!(refused().contains("zebra exists; give another name"));
        assert_eq!(entries(&place), [""; 0]);
        fs::remove_dir(&place).unwrap();
        symlink("nowhere", &place).unwrap();
        assert!(refused().contains("zebra exists"));
    }

    #[test]
    fn missing_parent_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let missing = parent.path().join("nowhere");
        let error = write(&missing, &name(), &[file("a")]).unwrap_err();
        assert!(matches!(error, WriteError::NoParent(_)), "{error:?}");
        let text = format!("there is no folder {}; make it", missing.display());
        assert!(error.to_string().starts_with(&text), "{error}");
    }
}
