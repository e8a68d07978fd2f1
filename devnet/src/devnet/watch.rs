//! Algorithms that are put into the folder while the network runs.
//!
//! Invariant: a file is taken only if it was the same at two looks in a row, so that one that is being written is left
//! alone; and whatever is wrong with a file changes nothing but the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tig_challenges::ChallengeKind;
use tig_process::error_chain::error_chain;
use tracing::warn;

use super::{Devnet, PublishError};
use crate::algorithms::{LoadError, challenge_folders, kind_of, modules, name_of, read};

/// Signature that differs when a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    stamp: Stamp,
    /// Nothing more is to be done until it changes.
    done: bool,
}

/// Looks at a folder of algorithms again and again.
#[derive(Debug)]
pub struct FolderWatch {
    folder: PathBuf,
    seen: BTreeMap<PathBuf, Seen>,
    /// The last fault of the folder itself, so that it is logged once.
    complaints: BTreeSet<String>,
}

impl FolderWatch {
    /// Has not looked yet.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            seen: BTreeMap::new(),
            complaints: BTreeSet::new(),
        }
    }

    /// Looks once, and lets what is new join `devnet`; it takes the time to compile that.
    pub fn look(&mut self, devnet: &Devnet) {
        let mut complaints = BTreeSet::new();
        let found = self.files(&mut complaints);
        for complaint in complaints.difference(&self.complaints) {
            warn!("{complaint}");
        }
        self.complaints = complaints;
        self.seen.retain(|path, _| found.contains_key(path));
        for (path, (kind, stamp)) in found {
            if self.settled(&path, stamp) {
                take(devnet, kind, &path);
            }
        }
    }

    /// Whether the file is to be taken now; it is said once.
    fn settled(&mut self, path: &Path, stamp: Stamp) -> bool {
        match self.seen.get_mut(path) {
            Some(seen) if seen.stamp == stamp => !std::mem::replace(&mut seen.done, true),
            _ => {
                let seen = Seen { stamp, done: false };
                self.seen.insert(path.to_owned(), seen);
                false
            }
        }
    }

    fn files(
        &self,
        complaints: &mut BTreeSet<String>,
    ) -> BTreeMap<PathBuf, (ChallengeKind, Stamp)> {
        let mut complain = |error: LoadError| {
            complaints.insert(error_chain(&error));
        };
        let mut files = BTreeMap::new();
        let folders = challenge_folders(&self.folder).unwrap_or_else(|error| {
            complain(error);
            Vec::new()
        });
        for folder in folders {
            let listed = kind_of(&folder).and_then(|kind| Ok((kind, modules(&folder)?)));
            match listed {
                Ok((kind, paths)) => {
                    let stamped = |path: PathBuf| Some((path.clone(), (kind, stamp(&path)?)));
                    files.extend(paths.into_iter().filter_map(stamped));
                }
                Err(error) => complain(error),
            }
        }
        files
    }
}

/// `None` if the file is gone in the meantime.
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp {
        length: metadata.len(),
        modified: metadata.modified().ok(),
    })
}

fn take(devnet: &Devnet, kind: ChallengeKind, path: &Path) {
    let file = path.display();
    let (name, wasm) = match name_of(path).and_then(|name| Ok((name, read(path)?))) {
        Ok(named) => named,
        Err(error) => return warn!("{}", error_chain(&error)),
    };
    match devnet.publishes(kind, &name, &wasm) {
        Some(true) => (),
        Some(false) => warn!(
            %file,
            "differs from the algorithm of this name that the network has published and keeps: give it another name"
        ),
        None => {
            if let Err(error) = devnet.publish(kind, &name, &wasm) {
                refuse(path, &error);
            }
        }
    }
}

fn refuse(path: &Path, error: &PublishError) {
    warn!(
        file = %path.display(),
        reason = error_chain(error),
        "algorithm not taken, will look again when the file changes"
    );
}
