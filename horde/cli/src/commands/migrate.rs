//! `migrate`: what creates the schema of the earlier validator's database. The host's store has had one form so far.

use std::path::Path;

use serde::Serialize;
use serde_json::json;
use tig_process::output;

use crate::host::{HostProgram, RunError};

/// Why it is not known whether the store can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrateError {
    /// The program cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The store is not one of this host.
    #[error("the store cannot be opened; `tig-host store ls --config {config}` says why")]
    Store {
        /// The config file.
        config: String,
    },
}

/// State of the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Migrated {
    /// There is none yet.
    NoStore,
    /// A running host has it open.
    InUse,
    /// It is of the present form.
    Present,
}

impl Migrated {
    /// Prints it, as JSON or in words.
    pub(crate) fn print(self, as_json: bool) {
        match as_json {
            true => output::line(&json!({ "store": self, "text": self.text() }).to_string()),
            false => output::line(self.text()),
        }
    }

    /// In words.
    fn text(self) -> &'static str {
        match self {
            Self::NoStore => "there is no store yet; the host makes one at its first start",
            Self::InUse => {
                "the running host has the store open: it is of the present form, nothing to migrate"
            }
            Self::Present => "the store is of the present form, nothing to migrate",
        }
    }
}

/// Finds the state of the store in `backup_folder`.
///
/// # Errors
///
/// See [`MigrateError`].
pub(crate) fn run(host: &HostProgram, backup_folder: &Path) -> Result<Migrated, MigrateError> {
    if host.is_running()? {
        return Ok(Migrated::InUse);
    }
    if !backup_folder.exists() {
        return Ok(Migrated::NoStore);
    }
    if host.can_open_store()? {
        return Ok(Migrated::Present);
    }
    Err(MigrateError::Store {
        config: host.config().display().to_string(),
    })
}
