//! Published algorithms: a folder `<challenge name>/<algorithm name>.wasm`.
//!
//! Invariant: an algorithm that was loaded compiles, so that its WASM record may say so.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tig_challenges::ChallengeKind;
use tig_worker::{Algorithm, BadModule, WASM_BYTES_MAX};

/// Ids have three digits.
pub(crate) const ALGORITHMS_PER_CHALLENGE_MAX: usize = 999;

/// An algorithm of the network with its module.
#[derive(Debug, Clone)]
pub struct PublishedAlgorithm {
    /// `cNNN_aNNN`.
    pub id: String,
    /// File name without `.wasm`.
    pub name: String,
    /// The challenge it solves.
    pub kind: ChallengeKind,
    /// The module as served to slaves.
    pub wasm: Arc<[u8]>,
    /// The same module, ready to run; `None` where whoever drives the network knows the verdicts without running it.
    pub compiled: Option<Algorithm>,
}

/// Why the folder of algorithms cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A folder or file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A sub-folder is not named after a challenge.
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
    #[error("{} is no usable algorithm", path.display())]
    BadModule {
        /// The module.
        path: PathBuf,
        /// Why not.
        source: BadModule,
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

impl PublishedAlgorithm {
    /// Compiles `wasm`; `number` counts the algorithms of the challenge from 1.
    ///
    /// # Errors
    /// The module does not compile or breaks the guest ABI.
    pub fn compile(
        kind: ChallengeKind,
        number: usize,
        name: &str,
        wasm: &[u8],
    ) -> Result<Self, BadModule> {
        Ok(Self {
            id: format!("{}_a{number:03}", kind.id()),
            name: name.to_owned(),
            kind,
            wasm: wasm.into(),
            compiled: Some(Algorithm::compile(wasm)?),
        })
    }

    /// The number in the id.
    pub(crate) fn number(&self) -> Option<usize> {
        self.id.rsplit_once("_a")?.1.parse().ok()
    }

    /// An algorithm that is only pretended, for simulations: its module is empty and its re-executions have no
    /// conclusion but the one that the simulation records.
    pub fn pretended(kind: ChallengeKind, number: usize, name: &str) -> Self {
        Self {
            id: format!("{}_a{number:03}", kind.id()),
            name: name.to_owned(),
            kind,
            wasm: [].into(),
            compiled: None,
        }
    }
}

/// Loads every algorithm below `folder`; ids follow the sorted names.
///
/// # Errors
/// The first file or folder that cannot be used.
pub fn load_folder(folder: &Path) -> Result<Vec<PublishedAlgorithm>, LoadError> {
    let mut algorithms = Vec::new();
    for path in sorted_entries(folder)?
        .into_iter()
        .filter(|path| path.is_dir())
    {
        let kind = ChallengeKind::ALL
            .into_iter()
            .find(|kind| path.file_name().is_some_and(|name| name == kind.name()))
            .ok_or_else(|| LoadError::UnknownChallenge { path: path.clone() })?;
        algorithms.extend(load_challenge(kind, &path)?);
    }
    if algorithms.is_empty() {
        return Err(LoadError::Empty {
            path: folder.to_owned(),
        });
    }
    Ok(algorithms)
}

fn load_challenge(
    kind: ChallengeKind,
    folder: &Path,
) -> Result<Vec<PublishedAlgorithm>, LoadError> {
    let mut files = sorted_entries(folder)?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "wasm")
    });
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
    let read_error = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(read_error)?.len() > WASM_BYTES_MAX as u64 {
        return Err(LoadError::TooLarge {
            path: path.to_owned(),
        });
    }
    let wasm = fs::read(path).map_err(read_error)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    PublishedAlgorithm::compile(kind, number, &name, &wasm).map_err(|source| LoadError::BadModule {
        path: path.to_owned(),
        source,
    })
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
