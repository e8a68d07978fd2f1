//! What is in the sources at one moment. A file that is written again with the same content has not changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::description::{FILE_NAME, SECTION_FILE_NAME};
use super::package::{CARGO_CONFIG, MANIFEST};

/// Files that are looked at.
const SOURCE_COUNT_MAX: usize = 5_000;
/// Files and folders that are passed on the way.
const ENTRY_COUNT_MAX: usize = 100_000;
/// Bytes that are compared by content; what is beyond is compared by size and time.
const SOURCE_BYTES_MAX: u64 = 64 << 20;
/// Folders below the package's.
const SOURCE_DEPTH_MAX: usize = 16;
/// A file may change again without another time for so long.
const SETTLED_AGE: Duration = Duration::from_secs(2);
/// Files of the package that matter by their name.
const NAMED: [&str; 6] = [
    MANIFEST,
    CARGO_CONFIG,
    FILE_NAME,
    SECTION_FILE_NAME,
    "rust-toolchain",
    "rust-toolchain.toml",
];
/// Ending of the names of those that matter wherever they are.
const CODE_EXTENSION: &str = "rs";
/// Folder that cargo builds in by default.
const TARGET: &str = "target";

/// What matters: the code in a package's folder, and what its build has read. A file that only its tests write or read does not.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// The package's folder.
    pub(super) folder: PathBuf,
    /// Where cargo builds.
    pub(super) target: PathBuf,
    /// What the last build has read.
    pub(super) inputs: Vec<PathBuf>,
}

/// The files of a scope.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, Seen>,
    /// Whether there is more than is looked at.
    pub(super) is_cut: bool,
}

#[derive(Clone, Debug)]
struct Seen {
    bytes: u64,
    modified: Option<SystemTime>,
    hash: blake3::Hash,
    /// Whether another content would have another time.
    is_settled: bool,
}

impl Scope {
    /// Looks at all files; those that are as old and large as `before` are not read again.
    pub(super) fn look(&self, before: &Snapshot) -> Snapshot {
        let mut look = Look {
            scope: self,
            before,
            now: SystemTime::now(),
            entries: 0,
            bytes: 0,
            found: Snapshot::default(),
        };
        for name in NAMED {
            look.add(&self.folder.join(name));
        }
        look.visit(&self.folder, 0);
        for path in &self.inputs {
            // What the build has made itself changes with each build.
            if !path.starts_with(&self.target) {
                look.add(path);
            }
        }
        look.found
    }

    /// Whether nothing in this folder matters.
    pub(super) fn leaves_out(&self, folder: &Path) -> bool {
        let name = folder.file_name().unwrap_or_default().as_encoded_bytes();
        folder == self.target || folder == self.folder.join(TARGET) || name.starts_with(b".")
    }
}

struct Look<'a> {
    scope: &'a Scope,
    before: &'a Snapshot,
    now: SystemTime,
    entries: usize,
    bytes: u64,
    found: Snapshot,
}

impl Look<'_> {
    fn visit(&mut self, folder: &Path, depth: usize) {
        let entries = fs::read_dir(folder).into_iter().flatten();
        for entry in entries.filter_map(Result::ok) {
            self.entries += 1;
            if self.entries > ENTRY_COUNT_MAX {
                self.found.is_cut = true;
                return;
            }
            let path = entry.path();
            // A link to a folder may lead in a circle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if self.scope.leaves_out(&path) {
                    continue;
                }
                if depth == SOURCE_DEPTH_MAX {
                    self.found.is_cut = true;
                    continue;
                }
                self.visit(&path, depth + 1);
            } else if is_code(&path) {
                self.add(&path);
            }
        }
    }

    fn add(&mut self, path: &Path) {
        let name = path.strip_prefix(&self.scope.folder).unwrap_or(path);
        if self.found.files.contains_key(name) {
            return;
        }
        let metadata = fs::metadata(path).ok();
        let Some(metadata) = metadata.filter(fs::Metadata::is_file) else {
            return;
        };
        if self.found.files.len() == SOURCE_COUNT_MAX {
            self.found.is_cut = true;
            return;
        }
        let (bytes, modified) = (metadata.len(), metadata.modified().ok());
        self.bytes = self.bytes.saturating_add(bytes);
        let age = modified.and_then(|it| self.now.duration_since(it).ok());
        let is_same =
            |seen: &&Seen| seen.is_settled && seen.bytes == bytes && seen.modified == modified;
        let known = self.before.files.get(name).filter(is_same);
        let hash = match known {
            Some(seen) => seen.hash,
            None if self.bytes > SOURCE_BYTES_MAX => {
                blake3::hash(format!("{bytes} {modified:?}").as_bytes())
            }
            None => match fs::read(path) {
                Ok(content) => blake3::hash(&content),
                // It may be gone.
                Err(_) => return,
            },
        };
        let seen = Seen {
            bytes,
            modified,
            hash,
            is_settled: age.is_some_and(|age| age > SETTLED_AGE),
        };
        self.found.files.insert(name.to_owned(), seen);
    }
}

impl Snapshot {
    /// Files that differ in a later snapshot.
    pub(super) fn changed(&self, later: &Self) -> Vec<PathBuf> {
        let hash = |files: &BTreeMap<PathBuf, Seen>, path: &Path| files.get(path).map(|it| it.hash);
        let new = later.files.iter();
        let new = new.filter(|(path, seen)| hash(&self.files, path) != Some(seen.hash));
        let gone = self.files.keys();
        let gone = gone.filter(|path| !later.files.contains_key(*path));
        new.map(|(path, _)| path).chain(gone).cloned().collect()
    }

    /// This snapshot for another scope, of which `now` is one: a file that is new in the scope has not changed.
    pub(super) fn rebased(mut self, folder: &Path, now: Self) -> Self {
        self.files
            .retain(|path, _| now.files.contains_key(path) || !folder.join(path).exists());
        for (path, seen) in now.files {
            self.files.entry(path).or_insert(seen);
        }
        self.is_cut |= now.is_cut;
        self
    }
}

/// Whether it is Rust code, and not what an editor writes beside it.
fn is_code(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    path.extension().is_some_and(|it| it == CODE_EXTENSION)
        && !name.starts_with(b".")
        && !name.starts_with(b"#")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(folder: &Path) -> Scope {
        Scope {
            folder: folder.to_owned(),
            target: folder.join("out"),
            inputs: Vec::new(),
        }
    }

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn only_code_and_named_files_matter() {
        let folder = tempfile::tempdir().unwrap();
        let scope = scope(folder.path());
        let before = scope.look(&Snapshot::default());
        for name in [
            "README.md",
            "tests/snapshots/a.snap.new",
            "left.json",
            "target/a.rs",
            "out/a.rs",
            "src/.lib.rs.swp",
            ".git/a.rs",
        ] {
            write(folder.path(), name, "1");
        }
        assert_eq!(before.changed(&scope.look(&before)), Vec::<PathBuf>::new());
        let sources = [
            ".cargo/config.toml",
            "Cargo.toml",
            "build.rs",
            "config.section.json",
            "dev.json",
            "src/target/mod.rs",
            "tests/a.rs",
        ];
        for name in sources {
            write(folder.path(), name, "1");
        }
        let found = before.changed(&scope.look(&before));
        assert_eq!(found, sources.map(PathBuf::from));
    }

    #[test]
    fn input_of_the_build_matters_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let mut scope = scope(folder.path());
        write(folder.path(), "src/table.txt", "1");
        write(outside.path(), "lib.rs", "1");
        let input = outside.path().join("lib.rs");
        let known = scope.look(&Snapshot::default());
        scope.inputs = vec![folder.path().join("src/table.txt"), input.clone()];
        let known = known.rebased(folder.path(), scope.look(&Snapshot::default()));
        assert_eq!(known.changed(&scope.look(&known)), Vec::<PathBuf>::new());
        write(folder.path(), "src/table.txt", "2");
        write(outside.path(), "lib.rs", "2");
        let found = known.changed(&scope.look(&known));
        assert_eq!(found, [input, "src/table.txt".into()]);

        scope.inputs.clear();
        let known = known.rebased(folder.path(), scope.look(&Snapshot::default()));
        assert_eq!(known.changed(&scope.look(&known)), Vec::<PathBuf>::new());
    }

    #[test]
    fn code_that_is_too_deep_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let scope = scope(folder.path());
        write(
            folder.path(),
            &format!("{}a.rs", "d/".repeat(SOURCE_DEPTH_MAX)),
            "",
        );
        assert!(!scope.look(&Snapshot::default()).is_cut);
        write(
            folder.path(),
            &format!("{}a.rs", "d/".repeat(SOURCE_DEPTH_MAX + 1)),
            "",
        );
        assert!(scope.look(&Snapshot::default()).is_cut);
    }
}
