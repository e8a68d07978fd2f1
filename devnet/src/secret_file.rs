//! A file with nothing but a secret in it.

use std::path::{Path, PathBuf};

use tig_devnet::{ApiKey, InvalidApiKey};
use tig_process::secret_file::{self, SecretError};

/// Why the secret cannot be had. The text never holds what is in the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFileError {
    #[error("cannot read the {what} file {}", path.display())]
    Read {
        what: &'static str,
        path: PathBuf,
        source: SecretError,
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
    let secret = secret_file::read(path).map_err(|source| SecretFileError::Read {
        what,
        path: path.to_owned(),
        source,
    })?;
    ApiKey::new(&secret).map_err(|source| SecretFileError::Invalid {
        what,
        path: path.to_owned(),
        source,
    })
}
