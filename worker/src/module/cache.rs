//! Compiled algorithms on disk, so that a batch need not compile again.
//!
//! A folder of mode 0700 holds a random key (mode 0600) and one entry per module, named by the hash of all that its code
//! depends on: the engine's version, settings and target, the engine profile, and the module as it is compiled.
//!
//! Invariant: a cache never changes a result, only when it is there. Entries that are damaged, forged, or made by another
//! version are compiled again and replaced; a folder that cannot be written costs time only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use wasmtime::{Engine, Module};

use super::sealed::{self, Key};
use crate::profile::ENGINE_PROFILE;

/// Bytes of all entries; the oldest go first.
const CACHE_BYTES_MAX: u64 = 256 << 20;
/// Bytes of one entry; a module of the largest size compiles to less.
const ENTRY_BYTES_MAX: u64 = 128 << 20;
/// Age in seconds after which a file that was never renamed is swept.
const ABANDONED_S: u64 = 3600;
const KEY_FILE: &str = "key";
const ENTRY_EXTENSION: &str = "sealed";
const NEW_EXTENSION: &str = "new";

/// Why a folder cannot be a cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The cache cannot be made, read or written.
    #[error("cannot use cache folder {}: {source}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others could put machine code or read the key there.
    #[error("cache folder {} is not safe: {} must belong to this user and grant nothing to others", folder.display(), path.display())]
    Unsafe {
        /// The folder.
        folder: PathBuf,
        /// The folder or the key in it.
        path: PathBuf,
    },
}

/// A folder of compiled algorithms.
#[derive(Clone)]
pub struct Cache {
    folder: PathBuf,
    key: Key,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Cache")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Cache {
    /// Opens a cache folder; makes it and its key if they are not there.
    ///
    /// # Errors
    /// The folder or its key cannot be used, or others have access to them.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        let failed = |source| CacheError::Io {
            folder: folder.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let refused = |path: &Path| CacheError::Unsafe {
            folder: folder.to_owned(),
            path: path.to_owned(),
        };
        // Not through a symbolic link, which others may turn elsewhere.
        let metadata = fs::symlink_metadata(folder).map_err(failed)?;
        if !metadata.is_dir() || !is_private(&metadata) {
            return Err(refused(folder));
        }
        let path = folder.join(KEY_FILE);
        let mut metadata = fs::symlink_metadata(&path);
        // What a power cut has left of a key. Of two processes that replace it at the same time, one seals with a key that the
        // other has removed: its entries are compiled again.
        if metadata.as_ref().is_ok_and(is_cut_short) {
            remove(&path).map_err(failed)?;
            metadata = fs::symlink_metadata(&path);
        }
        let metadata = match metadata {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_key(folder, &path).map_err(failed)?;
                fs::symlink_metadata(&path).map_err(failed)?
            }
            metadata => metadata.map_err(failed)?,
        };
        if !metadata.is_file() || !is_private(&metadata) {
            return Err(refused(&path));
        }
        let mut key = Key::default();
        let mut file = File::open(&path).map_err(failed)?;
        file.read_exact(&mut key).map_err(failed)?;
        let folder = folder.to_owned();
        Ok(Self { folder, key })
    }

    /// The module compiled from `wasm`, from disk if it is there, else by `compile`.
    pub(crate) fn module<E>(
        &self,
        engine: &Engine,
        wasm: &[u8],
        compile: impl FnOnce() -> Result<Module, E>,
    ) -> Result<Module, E> {
        let name = name(engine, wasm);
        let path = self.folder.join(name.to_hex().as_str());
        let path = path.with_extension(ENTRY_EXTENSION);
        match read(&path) {
            Ok(bytes) => match sealed::open(&self.key, &name, &bytes, engine) {
                Some(module) => return Ok(module),
                None => {
                    tracing::debug!(path = %path.display(), "cached module is damaged, compiling again");
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "cannot read cached module");
            }
        }
        let module = compile()?;
        if let Err(error) = self.keep(&name, &path, &module) {
            tracing::debug!(path = %path.display(), %error, "cannot keep compiled module");
        }
        Ok(module)
    }

    fn keep(&self, name: &blake3::Hash, path: &Path, module: &Module) -> wasmtime::Result<()> {
        let bytes = sealed::seal(&self.key, name, module)?;
        if bytes.len() as u64 > ENTRY_BYTES_MAX {
            return Ok(());
        }
        let new = write_new(&self.folder, &bytes)?;
        if let Err(error) = fs::rename(&new, path) {
            // It would stay until it counts as abandoned. The first error is the one to report.
            let _ = remove(&new);
            return Err(error.into());
        }
        Ok(self.trim()?)
    }

    /// Removes the oldest entries beyond [`CACHE_BYTES_MAX`], and what a killed process has left behind.
    fn trim(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let (path, metadata) = (entry.path(), entry.metadata()?);
            let written = metadata.modified()?;
            let extension = path.extension().and_then(|extension| extension.to_str());
            let age = SystemTime::now().duration_since(written);
            // Written while the clock was ahead: such an entry would outlast all new ones.
            let written = if age.is_ok() { written } else { UNIX_EPOCH };
            match extension {
                Some(ENTRY_EXTENSION) => entries.push((written, metadata.len(), path)),
                Some(NEW_EXTENSION) if age.is_ok_and(|age| age.as_secs() > ABANDONED_S) => {
                    remove(&path)?;
                }
                _ => {}
            }
        }
        entries.sort_by(|one, other| other.cmp(one));
        let mut total = 0;
        for (_, bytes, path) in entries {
            total += bytes;
            if total > CACHE_BYTES_MAX {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

/// Another process may have removed it first.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn name(engine: &Engine, wasm: &[u8]) -> blake3::Hash {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    blake3::Hasher::new()
        .update(ENGINE_PROFILE.as_bytes())
        .update(&settings.finish().to_le_bytes())
        .update(wasm)
        .finalize()
}

fn is_private(metadata: &fs::Metadata) -> bool {
    metadata.mode() & 0o077 == 0 && metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Whether this is a key file of ours with too few bytes. Others are left alone.
fn is_cut_short(metadata: &fs::Metadata) -> bool {
    metadata.is_file() && is_private(metadata) && metadata.len() < size_of::<Key>() as u64
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(ENTRY_BYTES_MAX)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A new file of its own name, to be renamed when it is complete.
fn write_new(folder: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{}-{count}.{NEW_EXTENSION}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)?;
    if let Err(error) = file.write_all(bytes) {
        // On a full disk it would keep the last free bytes. The first error is the one to report.
        let _ = remove(&path);
        return Err(error);
    }
    Ok(path)
}

/// Of two processes that make the key at the same time, both use the first one's.
fn make_key(folder: &Path, path: &Path) -> io::Result<()> {
    let mut key = Key::default();
    getrandom::fill(&mut key)?;
    let new = write_new(folder, &key)?;
    // Or a power cut could leave the name without the bytes. Entries need no such care: their seal shows what is missing.
    let linked = File::open(&new)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::hard_link(&new, path));
    remove(&new)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn new_file_on_a_full_disk_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        // The name of the next file depends on what other tests of this process have written.
        for count in 0..64 {
            let name = format!("{}-{count}.{NEW_EXTENSION}", std::process::id());
            symlink("/dev/full", folder.path().join(name)).unwrap();
        }
        let error = write_new(folder.path(), b"code").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 63);
    }
}
