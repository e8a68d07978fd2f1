//! A file with nothing but a secret in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tig_devnet::{ApiKey, InvalidApiKey};

/// Why the secret cannot be had. The text never holds what is in the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFileError {
    #[error("cannot read the {what} file {}", path.display())]
    Read {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("the {what} file {} does not hold one", path.display())]
    Invalid {
        what: &'static str,
        path: PathBuf,
        source: InvalidApiKey,
    },
}

/// Reads `what` from a file; white space around it is ignored.
pub(crate) fn read(what: &'static str, path: &Path) -> Result<ApiKey, SecretFileError> {
    let text = fs::read_to_string(path).map_err(|source| SecretFileError::Read {
        what,
        path: path.to_owned(),
        source,
    })?;
    ApiKey::new(text.trim()).map_err(|source| SecretFileError::Invalid {
        what,
        path: path.to_owned(),
        source,
    })
}
