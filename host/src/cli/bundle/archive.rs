//! The file of a bundle: a compressed tar file that only its owner can read, whole or not there.
//!
//! Invariant: everything that gets in passes through [`Bundle::add`], where known secrets are removed.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::Value;
use tar::{Builder, Header};
use tempfile::NamedTempFile;

use super::scrub;
use crate::secrets::Secrets;

/// Folder of all files in the bundle.
const FOLDER: &str = "tig-host-support";

/// Bytes of one file in the bundle; the rest is left out.
const ENTRY_BYTES_MAX: usize = 8 << 20;

/// A file in the bundle.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: usize,
}

/// What a bundle lacks.
#[derive(Debug, Serialize)]
pub(super) struct Missing {
    pub(super) name: String,
    pub(super) reason: String,
}

/// A bundle that is being written.
pub(super) struct Bundle {
    tar: Builder<GzEncoder<NamedTempFile>>,
    secrets: Secrets,
    pub(super) entries: Vec<Entry>,
    pub(super) missing: Vec<Missing>,
}

impl Bundle {
    /// Begins a file beside `output`, which it becomes at the end.
    ///
    /// # Errors
    ///
    /// No file can be made there.
    pub(super) fn begin(output: &Path, secrets: Secrets) -> io::Result<Self> {
        let parent = output.parent();
        let folder = parent.filter(|folder| !folder.as_os_str().is_empty());
        // Its permissions are for the owner only.
        let file = tempfile::Builder::new()
            .prefix(".tig-host-support-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Self {
            tar: Builder::new(GzEncoder::new(file, Compression::default())),
            secrets,
            entries: Vec::new(),
            missing: Vec::new(),
        })
    }

    /// Adds JSON without what may be secret.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn add_json(&mut self, name: &str, value: &Value) -> io::Result<()> {
        self.add(name, &format!("{:#}\n", scrub::json(value)))
    }

    /// Adds a text without what may be secret.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn add_text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.add(name, &scrub::text(text))
    }

    /// Adds JSON, or says why there is none.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn add_found(&mut self, name: &str, found: Result<Value, String>) -> io::Result<()> {
        match found {
            Ok(value) => self.add_json(name, &value),
            Err(reason) => {
                self.lack(name, &reason);
                Ok(())
            }
        }
    }

    /// Records what is not in the bundle.
    pub(super) fn lack(&mut self, name: &str, reason: &str) {
        self.missing.push(Missing {
            name: name.to_owned(),
            reason: self.secrets.remove_from(&scrub::text(reason)),
        });
    }

    /// The door: without known secrets, and bounded.
    fn add(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut text = self.secrets.remove_from(text);
        if text.len() > ENTRY_BYTES_MAX {
            text.truncate(text.floor_char_boundary(ENTRY_BYTES_MAX));
            text.push_str("\n[the rest is left out]\n");
        }
        let name = self.secrets.remove_from(name);
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(unix_seconds());
        let path = format!("{FOLDER}/{name}");
        self.tar.append_data(&mut header, path, text.as_bytes())?;
        self.entries.push(Entry {
            name,
            bytes: text.len(),
        });
        Ok(())
    }

    /// Adds the list of contents, and puts the file into its place.
    ///
    /// # Errors
    ///
    /// It cannot be written, or something lies in its place.
    pub(super) fn finish(mut self, output: &Path) -> io::Result<(Vec<Entry>, Vec<Missing>)> {
        let contents = serde_json::json!({ "entries": self.entries, "missing": self.missing });
        self.add_json("contents.json", &contents)?;
        let file = self.tar.into_inner()?.finish()?;
        file.as_file().sync_all()?;
        file.persist_noclobber(output)
            .map_err(|error| error.error)?;
        Ok((self.entries, self.missing))
    }
}

/// Seconds since 1970.
pub(super) fn unix_seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}
