//! A folder of algorithms: `<challenge name>/<algorithm name>.wasm`. Hidden files are left alone.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tig_challenges::ChallengeKind;
use tig_worker::{BadModule, WASM_BYTES_MAX};

use super::{ALGORITHMS_PER_CHALLENGE_MAX, NAME_RULE, PublishedAlgorithm, is_name};

/// Why the folder of algorithms cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A folder or file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A sub-folder with modules is not named after a challenge.
    #[error("{} is not named after a challenge: known are {}", path.display(), names().join(", "))]
    UnknownChallenge {
        /// The sub-folder.
        path: PathBuf,
    },
    /// A module is larger than any algorithm should be.
    #[error("{} is too large: at most {WASM_BYTES_MAX} bytes are allowed", path.display())]
    TooLarge {
        /// The module.
        path: PathBuf,
    },
    /// A file does not compile.
    #[error("{} is not a usable algorithm", path.display())]
    BadModule {
        /// The module.
        path: PathBuf,
        /// Why not.
        source: BadModule,
    },
    /// A file has a name that no algorithm may have.
    #[error("{} is not named as an algorithm: <name>.wasm, the name {NAME_RULE}", path.display())]
    Name {
        /// The module.
        path: PathBuf,
    },
    /// More algorithms than ids.
    #[error("{} holds too many algorithms: at most {ALGORITHMS_PER_CHALLENGE_MAX} are allowed", path.display())]
    TooMany {
        /// The sub-folder.
        path: PathBuf,
    },
    /// Nothing was found.
    #[error("{} holds no algorithm: put modules at <challenge name>/<algorithm name>.wasm", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// Loads every algorithm below `folder`; ids follow the sorted names.
///
/// # Errors
/// The first file or folder that cannot be used.
pub fn load_folder(folder: &Path) -> Result<Vec<PublishedAlgorithm>, LoadError> {
    let mut algorithms = Vec::new();
    warn_of_others(folder)?;
    for path in challenge_folders(folder)? {
        algorithms.extend(load_challenge(kind_of(&path)?, &path)?);
    }
    if algorithms.is_empty() {
        return Err(LoadError::Empty {
            path: folder.to_owned(),
        });
    }
    Ok(algorithms)
}

/// The sub-folders that are named after a challenge or hold modules, sorted.
pub(crate) fn challenge_folders(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut paths = sub_folders(folder)?;
    paths.retain(|path| !is_other(path));
    Ok(paths)
}

/// Says which sub-folders are left alone: a mistyped name is one of them as long as nothing is in the folder.
fn warn_of_others(folder: &Path) -> Result<(), LoadError> {
    for path in sub_folders(folder)?.iter().filter(|path| is_other(path)) {
        tracing::warn!(
            path = %path.display(), known = %names().join(", "),
            "left alone: it is not named after a challenge, and holds no module",
        );
    }
    Ok(())
}

fn sub_folders(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut paths = sorted_entries(folder)?;
    paths.retain(|path| path.is_dir() && !is_hidden(path));
    Ok(paths)
}

/// Whether a sub-folder has nothing to do with algorithms, such as those of a program that keeps its own files here.
fn is_other(path: &Path) -> bool {
    kind_of(path).is_err() && modules(path).is_ok_and(|modules| modules.is_empty())
}

/// The challenge that a sub-folder is named after.
pub(crate) fn kind_of(path: &Path) -> Result<ChallengeKind, LoadError> {
    ChallengeKind::ALL
        .into_iter()
        .find(|kind| path.file_name().is_some_and(|name| name == kind.name()))
        .ok_or_else(|| LoadError::UnknownChallenge {
            path: path.to_owned(),
        })
}

/// The modules of a challenge, sorted.
pub(crate) fn modules(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut files = sorted_entries(folder)?;
    files.retain(|path| {
        !is_hidden(path)
            && path
                .extension()
                .is_some_and(|extension| extension == "wasm")
    });
    Ok(files)
}

fn load_challenge(
    kind: ChallengeKind,
    folder: &Path,
) -> Result<Vec<PublishedAlgorithm>, LoadError> {
    let files = modules(folder)?;
    if files.len() > ALGORITHMS_PER_CHALLENGE_MAX {
        return Err(LoadError::TooMany {
            path: folder.to_owned(),
        });
    }
    files
        .iter()
        .enumerate()
        .map(|(index, path)| load_file(kind, index + 1, path))
        .collect()
}

fn load_file(
    kind: ChallengeKind,
    number: usize,
    path: &Path,
) -> Result<PublishedAlgorithm, LoadError> {
    let name = name_of(path)?;
    let wasm = read(path)?;
    PublishedAlgorithm::compile(kind, number, &name, &wasm).map_err(|source| LoadError::BadModule {
        path: path.to_owned(),
        source,
    })
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

pub(crate) fn name_of(path: &Path) -> Result<String, LoadError> {
    path.file_stem()
        .and_then(|name| name.to_str())
        .filter(|name| is_name(name))
        .map(str::to_owned)
        .ok_or_else(|| LoadError::Name {
            path: path.to_owned(),
        })
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let read_error = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(read_error)?.len() > WASM_BYTES_MAX as u64 {
        return Err(LoadError::TooLarge {
            path: path.to_owned(),
        });
    }
    fs::read(path).map_err(read_error)
}

fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let read_error = |source| LoadError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = fs::read_dir(folder)
        .map_err(read_error)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(read_error)?;
    paths.sort();
    Ok(paths)
}

fn names() -> Vec<&'static str> {
    ChallengeKind::ALL
        .into_iter()
        .map(|kind| kind.name())
        .collect()
}
