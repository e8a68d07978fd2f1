//! The libraries that a plugin file needs from beside itself (`$ORIGIN` in its RUNPATH): they are copied with it.
//!
//! Invariant: only libraries that the dynamic linker would find by `$ORIGIN` are collected; the others are found from a
//! copy as from the file's own place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use object::Endianness;
use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, FileHeader64};
use object::read::elf::{Dyn, FileHeader};

use super::file_fault::LIBRARY_COUNT_MAX;
use super::{FileFault, PluginError, file};

/// A library beside a plugin file.
#[derive(Clone, Debug)]
pub(super) struct Library {
    /// The name by which it is needed.
    pub(super) name: String,
    /// Path from the plugin's folder.
    pub(super) place: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) hash: blake3::Hash,
}

/// Reads the libraries that the plugin at `path` with these `bytes` needs from beside itself, and those that they need.
pub(super) fn read_siblings(path: &Path, bytes: &[u8]) -> Result<Vec<Library>, PluginError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found: Vec<Library> = places(folder, Path::new(""), bytes)
        .into_iter()
        .map(|(name, place)| read(folder, name, place))
        .collect::<Result<_, _>>()?;
    let mut seen: BTreeSet<PathBuf> = found.iter().map(|library| library.place.clone()).collect();
    let mut index = 0;
    while let Some(library) = found.get(index) {
        if index >= LIBRARY_COUNT_MAX {
            return Err(PluginError::NotAPlugin {
                path: path.to_owned(),
                source: FileFault::TooManyLibraries,
            });
        }
        let origin = library.place.parent().unwrap_or(Path::new(""));
        for (name, place) in places(folder, origin, &library.bytes) {
            if seen.insert(place.clone()) {
                found.push(read(folder, name, place)?);
            }
        }
        index += 1;
    }
    Ok(found)
}

fn read(folder: &Path, name: String, place: PathBuf) -> Result<Library, PluginError> {
    let bytes = file::read(&folder.join(&place))?;
    let hash = blake3::hash(&bytes);
    Ok(Library {
        name,
        place,
        bytes,
        hash,
    })
}

/// Number of folders that the libraries reach above the plugin's.
pub(super) fn depth(libraries: &[Library]) -> usize {
    let above = |library: &Library| {
        let parts = library.place.components();
        parts.filter(|part| *part == Component::ParentDir).count()
    };
    libraries.iter().map(above).max().unwrap_or_default()
}

/// Needs of an ELF file, for the dynamic linker.
#[derive(Debug, Default, Eq, PartialEq)]
struct Needs {
    libraries: Vec<String>,
    /// Folders that are searched first, as the file names them.
    search: Vec<String>,
}

/// Names, and paths from `folder`, of the libraries that the file in `folder/origin` needs by `$ORIGIN`.
fn places(folder: &Path, origin: &Path, bytes: &[u8]) -> Vec<(String, PathBuf)> {
    let needs = needs(bytes).unwrap_or_default();
    let find = |name: &String| {
        // The linker takes the first folder that has the file.
        needs
            .search
            .iter()
            .find_map(|entry| match below_origin(entry) {
                Some(rest) => {
                    let place = origin.join(rest).join(name);
                    folder.join(&place).is_file().then_some(Some(place))
                }
                None => Path::new(entry).join(name).is_file().then_some(None),
            })?
    };
    let named = |name: &String| Some((name.clone(), find(name)?));
    needs.libraries.iter().filter_map(named).collect()
}

/// `$ORIGIN/lib` -> `lib`
fn below_origin(entry: &str) -> Option<&str> {
    let rest = entry
        .strip_prefix("$ORIGIN")
        .or_else(|| entry.strip_prefix("${ORIGIN}"))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

/// `None` if the file cannot be read that far; the dynamic linker will report why.
fn needs(bytes: &[u8]) -> Option<Needs> {
    let header = FileHeader64::<Endianness>::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, bytes).ok()?;
    let (entries, strings) = sections.dynamic(endian, bytes).ok()??;
    let strings = sections.strings(endian, bytes, strings).ok()?;
    let texts = |wanted: u32| {
        let entries = entries.iter();
        let of_tag = entries.filter(move |entry| entry.tag32(endian) == Some(wanted));
        of_tag.filter_map(move |entry| {
            let text = entry.string(endian, strings).ok()?;
            String::from_utf8(text.to_vec()).ok()
        })
    };
    // RPATH is ignored where there is a RUNPATH.
    let search = texts(DT_RUNPATH).next().or_else(|| texts(DT_RPATH).next());
    Some(Needs {
        // A name with a slash is a path, which is not searched for.
        libraries: texts(DT_NEEDED)
            .filter(|name| !name.contains('/'))
            .collect(),
        search: search
            .unwrap_or_default()
            .split(':')
            .map(str::to_owned)
            .collect(),
    })
}

/// The libraries that this process has mapped from beside plugins. The dynamic linker looks for a name among them
/// first, so another file of the same name would never be mapped.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapped(Arc<Mutex<BTreeMap<String, blake3::Hash>>>);

impl Mapped {
    /// The first of `libraries` for whose name another file is mapped.
    pub(super) fn conflict<'a>(&self, libraries: &'a [Library]) -> Option<&'a str> {
        let mapped = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let other = |library: &&Library| {
            let present = mapped.get(&library.name);
            present.is_some_and(|hash| *hash != library.hash)
        };
        libraries.iter().find(other).map(|library| &*library.name)
    }

    /// Records that `libraries` are mapped.
    pub(super) fn add(&self, libraries: &[Library]) {
        let mut mapped = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mapped.extend(
            libraries
                .iter()
                .map(|library| (library.name.clone(), library.hash)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_has_two_spellings() {
        assert_eq!(below_origin("$ORIGIN"), Some(""));
        assert_eq!(below_origin("${ORIGIN}/../lib"), Some("../lib"));
        for entry in ["/usr/lib", "$ORIGINAL/lib", "lib", ""] {
            assert_eq!(below_origin(entry), None, "{entry}");
        }
    }
}
