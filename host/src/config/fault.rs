//! Faults of a config.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use tig_process::json_text::JsonError;
use tig_process::text_file::TextError;

/// A fault at one place of the config.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Fault {
    /// Keys from the file's root, such as `config.job_manager.knapsack.batch_size`; empty for the whole file.
    pub path: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl Fault {
    /// A fault at `path`.
    #[must_use]
    pub(crate) fn new(path: &str, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            formatter.write_str(&self.text)
        } else {
            write!(formatter, "{}: {}", self.path, self.text)
        }
    }
}

/// Why a config cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing.
    #[error("cannot read the config file {}: No such file or directory; give its path, as in `tig-host config.json`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the config file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        source: TextError,
    },
    /// The file is not JSON.
    #[error("config file {} is not JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: JsonError,
    },
    /// The file is JSON, but not a config. All faults together.
    #[error("config file {}: {}", path.display(), joined(faults))]
    Faults {
        /// The file.
        path: PathBuf,
        /// At least one.
        faults: Vec<Fault>,
    },
}

/// The texts of all faults, in one line.
pub(crate) fn joined(faults: &[Fault]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    texts.join("; also: ")
}
