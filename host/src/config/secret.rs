//! Reads secrets from files, environment variables and the service manager's credentials, never from the config itself.

use std::env::{self, VarError};
use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tig_plugin_api::Secret;
use tig_process::secret_file;

use super::Fault;

/// Environment variable with the API key, if the config names no other source.
pub(crate) const API_KEY_VARIABLE: &str = "TIG_HOST_API_KEY";

/// Name of the service credential with the API key.
const API_KEY_CREDENTIAL: &str = "api_key";

/// The key from the named file or variable, else from the credential, else from [`API_KEY_VARIABLE`], else none.
pub(super) fn api_key(
    file: Option<&PathBuf>,
    variable: Option<&String>,
    folder: &Path,
) -> Result<Secret, Fault> {
    let credential = env::var_os("CREDENTIALS_DIRECTORY")
        .map(|directory| Path::new(&directory).join(API_KEY_CREDENTIAL))
        .filter(|path| path.exists());
    match (file, credential, variable) {
        (Some(named), ..) => from_file("api_key_file", &folder.join(named)),
        (None, Some(path), _) => from_file("api_key_file", &path),
        (None, None, Some(variable)) => from_variable("api_key_env", variable),
        // An empty variable, as from a compose file without a value, counts as not set.
        (None, None, None) if env::var_os(API_KEY_VARIABLE).is_none_or(|key| key.is_empty()) => {
            Ok(Secret::default())
        }
        (None, None, None) => from_variable("api_key_env", API_KEY_VARIABLE),
    }
}

/// The secret in a file that key `key` of the config names.
pub(super) fn from_file(key: &str, path: &Path) -> Result<Secret, Fault> {
    let secret = secret_file::read(path).map(Secret::new);
    secret.map_err(|error| Fault::new(key, format!("cannot read {}: {error}", path.display())))
}

/// A warning if other users than the file's owner can read it.
pub(super) fn exposed(key: &str, path: &Path) -> Option<Fault> {
    exposed_by(&std::fs::metadata(path).ok()?, key, path)
}

/// The same for a file whose metadata are known.
pub(super) fn exposed_by(metadata: &Metadata, key: &str, path: &Path) -> Option<Fault> {
    const OTHERS: u32 = 0o077;
    let mode = metadata.permissions().mode();
    let text = format!(
        "{} can be read by others than its owner (mode {:o}); `chmod 600` it",
        path.display(),
        mode & 0o777
    );
    (mode & OTHERS != 0).then(|| Fault::new(key, text))
}

/// The value of a variable that key `key` of the config names.
pub(super) fn from_variable(key: &str, variable: &str) -> Result<Secret, Fault> {
    let fault = |reason: &dyn std::fmt::Display| {
        Fault::new(key, format!("cannot use the variable {variable}: {reason}"))
    };
    // The error's own text would show the value.
    let text = env::var(variable).map_err(|error| match error {
        VarError::NotPresent => fault(&"it is not set"),
        VarError::NotUnicode(_) => fault(&"it is not UTF-8"),
    })?;
    let secret = secret_file::parse(&text).map_err(|error| fault(&error))?;
    Ok(Secret::new(secret.to_owned()))
}
