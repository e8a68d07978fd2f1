//! The host's config by the variables: its text, and the files that are written for it.

use std::io;
use std::path::{Path, PathBuf};

use horde_events::MinerAddress;

use crate::config_file;
use crate::cross_validation::{CrossValidation, SECRET_FILE};
use crate::environment::Environment;
use crate::host_config::{
    Addresses, add_cross_validation, add_users_jobs, batch_config, validator_config,
};
use crate::network::{Network, facilitator_uri};
use crate::settings::{Settings, SettingsError};

/// Why there is no config.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The operator has one already.
    #[error("{} is there already; `compute-horde up` writes it anew if nobody has edited it; else move it away, or print a new one with `compute-horde config`", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The folder has no absolute path.
    #[error("cannot find the folder")]
    Folder(#[source] io::Error),
}

/// What a host of the config does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope<'a> {
    /// A batch by hand, and nothing by itself.
    Batch,
    /// Users' jobs on this miner, without a chain.
    Facilitator(&'a MinerAddress),
    /// All that a validator does, if the variables name its chain.
    Validator,
}

/// The text of a config for the variables of `environment`.
///
/// # Errors
///
/// A variable is missing or wrong, or the folder cannot be found.
pub(crate) fn text(
    environment: &Environment,
    folder: &Path,
    addresses: Addresses,
    scope: Scope<'_>,
) -> Result<String, ConfigError> {
    let settings = Settings::read(environment)?;
    let folder = std::path::absolute(folder).map_err(ConfigError::Folder)?;
    let network = match scope {
        Scope::Batch | Scope::Facilitator(_) => None,
        Scope::Validator => Network::read(environment)?,
    };
    let mut config = match &network {
        None => batch_config(&settings, &folder, addresses),
        Some(network) => validator_config(&settings, network, &folder, addresses),
    };
    if let Scope::Facilitator(miner) = scope {
        add_users_jobs(&mut config, &facilitator_uri(environment)?, miner);
    }
    // Without a chain there is nobody whose language models are tested.
    if network.is_some()
        && let Some(cross) = CrossValidation::read(environment)?
    {
        add_cross_validation(&mut config, &cross, &folder);
    }
    // A value without maps of other keys than texts has a JSON form.
    let text = serde_json::to_string_pretty(&config).unwrap_or_default();
    Ok(text + "\n")
}

/// The text of the config at `path` by the variables as they are now. A config that lets miners have private addresses goes on to.
///
/// # Errors
///
/// See [`ConfigError`].
pub(crate) fn wanted(
    environment: &Environment,
    folder: &Path,
    path: &Path,
    allow_private: bool,
) -> Result<String, ConfigError> {
    let addresses = match allow_private || config_file::allows_private(path) {
        true => Addresses::AlsoPrivate,
        false => Addresses::Public,
    };
    text(environment, folder, addresses, Scope::Validator)
}

/// Writes the config of `environment` to `path`, and the secret that it names.
///
/// # Errors
///
/// See [`ConfigError`].
pub(crate) fn write(
    environment: &Environment,
    folder: &Path,
    path: &Path,
    text: &str,
) -> Result<(), ConfigError> {
    write_secret(environment, folder)?;
    config_file::write(path, text).map_err(|source| ConfigError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Writes the secret of the buckets' key into the file that the config names, if there are buckets.
///
/// # Errors
///
/// See [`ConfigError`].
pub(crate) fn write_secret(environment: &Environment, folder: &Path) -> Result<(), ConfigError> {
    let Some(cross) = CrossValidation::read(environment)? else {
        return Ok(());
    };
    let written = cross.write_secret(folder);
    written.map_err(|source| ConfigError::Write {
        path: folder.join(SECRET_FILE),
        source,
    })
}
