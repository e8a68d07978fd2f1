//! Why a text is not a source of the plugin API.

use std::io;
use std::path::{Path, PathBuf};

use crate::api_package::{API_FOLDER, API_PACKAGE};

/// Longest part of a refused text that an error shows, in characters.
const SHOWN_COUNT_MAX: usize = 80;

/// Why a text is not a source of the plugin API.
#[derive(Debug, thiserror::Error)]
pub enum ApiSourceError {
    /// The folder cannot be read.
    #[error("--api-path {}: {source}; give the folder `{API_FOLDER}` of a clone of the repository", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder holds something else.
    #[error("--api-path {}: no package {API_PACKAGE} is there; {}", path.display(), remedy(better.as_deref()))]
    OtherPackage {
        /// The folder.
        path: PathBuf,
        /// A folder below it that holds the API.
        better: Option<PathBuf>,
    },
    /// A manifest cannot name the folder.
    #[error("--api-path {}: the path is not UTF-8, which a Cargo.toml cannot name; move or link the folder", .0.display())]
    NotUnicode(PathBuf),
    /// The URL would put a secret into the manifest. It is not shown.
    #[error(
        "--api-git: the URL holds a user or a password, which would be written into Cargo.toml; leave it out and let a credential helper of git give it"
    )]
    Credentials,
    /// A text cannot stand in a manifest.
    #[error("{option} {text:?}: {fault}")]
    Text {
        /// The option.
        option: &'static str,
        /// The beginning of its value.
        text: String,
        /// What is wrong, and what to give.
        fault: &'static str,
    },
}

fn remedy(better: Option<&Path>) -> String {
    match better {
        Some(better) => format!("give {}", better.display()),
        None => format!("give the folder `{API_FOLDER}` of a clone of the repository"),
    }
}

impl ApiSourceError {
    /// The error of an option's value.
    pub(crate) fn of_text(option: &'static str, text: &str, fault: &'static str) -> Self {
        Self::Text {
            option,
            text: text.chars().take(SHOWN_COUNT_MAX).collect(),
            fault,
        }
    }
}
