//! A config to begin with, as the makers of a set of plugins recommend it.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tig_process::json_text::{self, JsonError};
use tig_process::text_file::{self, TextError};

/// Name of the file beside the plugins.
pub(super) const FILE_NAME: &str = "config.example.json";

/// A longer file is refused.
const TEMPLATE_BYTES_MAX: u64 = 1 << 20;

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum TemplateError {
    /// The file.
    #[error("cannot read the template {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TextError,
    },
    /// Its text.
    #[error("the template {} is not JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: JsonError,
    },
    /// Its JSON.
    #[error("the template {} is not an object", .0.display())]
    NoObject(PathBuf),
    /// It lists extensions that are not there.
    #[error(
        "the template lists extensions that are not in the plugin folder: {}; name the folder by --plugins, or another template",
        .0.join(", ")
    )]
    Plugins(Vec<String>),
}

/// The template that is named, or that of the plugin folder; `None` if there is none.
///
/// # Errors
///
/// See [`TemplateError`].
pub(super) fn read(
    named: Option<&Path>,
    plugins: &Path,
) -> Result<Option<Map<String, Value>>, TemplateError> {
    let beside = plugins.join(FILE_NAME);
    let path = match named {
        Some(path) => path,
        None if beside.exists() => &beside,
        None => return Ok(None),
    };
    let text = text_file::read(path, TEMPLATE_BYTES_MAX).map_err(|source| TemplateError::Read {
        path: path.to_owned(),
        source,
    })?;
    let value = json_text::parse(&text).map_err(|source| TemplateError::Json {
        path: path.to_owned(),
        source,
    })?;
    match value {
        Value::Object(object) => Ok(Some(object)),
        _ => Err(TemplateError::NoObject(path.to_owned())),
    }
}
