//! Why a description cannot be used.

use std::path::PathBuf;

use tig_process::json_text::JsonError;
use tig_process::text_file::TextError;

use super::super::placeholders::UnknownPlace;
use super::{FILE_NAME, SECTION_FILE_NAME};

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum DescriptionError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        source: TextError,
    },
    /// The file is not JSON.
    #[error("{} is not JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: JsonError,
    },
    /// The section file is not an object.
    #[error("{} is not an object: write a section as {{\"NAME\": {{...}}}}", path.display())]
    NoSections {
        /// The file.
        path: PathBuf,
    },
    /// The section file has a section of another name.
    #[error(
        "{SECTION_FILE_NAME}: the section `{name}` is not of the plugin: rename it to `{plugin}`, or move it to `config.config` of {FILE_NAME}"
    )]
    OtherSection {
        /// The section.
        name: String,
        /// The extension.
        plugin: String,
    },
    /// A value is wrong.
    #[error("{FILE_NAME}: {place}: {text}")]
    Fault {
        /// Keys from the file's root.
        place: String,
        /// What is wrong, and what to do.
        text: String,
    },
    /// A place of the config has no value.
    #[error("{FILE_NAME}: config: {0}")]
    Place(#[from] UnknownPlace),
}
