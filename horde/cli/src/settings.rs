//! What the commands need of the environment.

use std::path::PathBuf;

use crate::environment::Environment;

/// Folder of wallets, if `BITTENSOR_WALLET_DIRECTORY` does not name another.
const WALLETS_DEFAULT: &str = "~/.bittensor/wallets";
/// How jobs are made and scored, if nothing else is said (section 3.10).
const WEIGHTS_VERSION_DEFAULT: u64 = 1;
/// The highest version that is known (section 3.5).
const WEIGHTS_VERSION_MAX: u64 = 4;

/// The hotkey and how jobs are scored.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Hotkey file of the validator.
    pub(crate) hotkey_file: PathBuf,
    /// File with its password, if it is encrypted.
    pub(crate) password_file: Option<PathBuf>,
    /// How jobs are made and scored.
    pub(crate) weights_version: u64,
}

/// A variable that is missing or wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum SettingsError {
    /// Not set.
    #[error("{} in .env or in the environment", named(names))]
    Missing {
        /// The variables.
        names: Vec<&'static str>,
    },
    /// Not a number in the range.
    #[error("{name} is {value:?}, and must be a number from {minimum} to {maximum}")]
    Number {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// Least value.
        minimum: u64,
        /// Greatest value.
        maximum: u64,
    },
    /// A URL in which a password may be.
    #[error(
        "{name} has an `@`: a user or password in it would be seen in config.json and in logs; set a URL without them"
    )]
    UserInfo {
        /// The variable; its value is not repeated.
        name: &'static str,
    },
    /// A key that expires.
    #[error(
        "AWS_SESSION_TOKEN is set, so the access key expires within hours, and a validator signs with it for months; remove the token from .env, or `unset` it in this shell, and take a key that does not expire (`compute-horde provision-s3 PROMPTS ANSWERS --create-user` makes one at AWS)"
    )]
    SessionToken,
    /// No home folder for `~`.
    #[error("{path} begins with `~`, but the variable HOME is not set; write the whole path")]
    Home {
        /// The path.
        path: String,
    },
}

fn named(names: &[&str]) -> String {
    match names {
        [name] => format!("{name} is missing: set it"),
        _ => format!("{} are missing: set them", names.join(", ")),
    }
}

/// The variables of `names` that are not set, as an error.
///
/// # Errors
///
/// At least one is not set.
pub(crate) fn require(
    environment: &Environment,
    names: &[&'static str],
) -> Result<(), SettingsError> {
    let missing = names.iter().filter(|name| environment.get(name).is_none());
    let names: Vec<&'static str> = missing.copied().collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(SettingsError::Missing { names })
    }
}

/// The number in a variable, if it is set.
///
/// # Errors
///
/// It is not a number in the range.
pub(crate) fn number(
    environment: &Environment,
    name: &'static str,
    (minimum, maximum): (u64, u64),
) -> Result<Option<u64>, SettingsError> {
    let Some(value) = environment.get(name) else {
        return Ok(None);
    };
    match value.parse() {
        Ok(number) if (minimum..=maximum).contains(&number) => Ok(Some(number)),
        _ => Err(SettingsError::Number {
            name,
            value,
            minimum,
            maximum,
        }),
    }
}

/// The URL in a variable, if it is set; it goes into the config, which everybody may read.
///
/// # Errors
///
/// It may hold a password.
pub(crate) fn url(
    environment: &Environment,
    name: &'static str,
) -> Result<Option<String>, SettingsError> {
    match environment.get(name) {
        Some(url) if url.contains('@') => Err(SettingsError::UserInfo { name }),
        url => Ok(url),
    }
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// See [`SettingsError`].
    pub(crate) fn read(environment: &Environment) -> Result<Self, SettingsError> {
        let (name, hotkey) = ("BITTENSOR_WALLET_NAME", "BITTENSOR_WALLET_HOTKEY_NAME");
        require(environment, &[name, hotkey])?;
        let part = |name| environment.get(name).unwrap_or_default();
        let wallets = environment.get("BITTENSOR_WALLET_DIRECTORY");
        let wallets = expand(environment, wallets.as_deref().unwrap_or(WALLETS_DEFAULT))?;
        let password_file = environment.get("HOTKEY_PASSWORD_FILE");
        let password_file = password_file.map(|path| expand(environment, &path));
        let weights_version = number(
            environment,
            "DEBUG_OVERRIDE_WEIGHTS_VERSION",
            (0, WEIGHTS_VERSION_MAX),
        )?;
        Ok(Self {
            hotkey_file: wallets.join(part(name)).join("hotkeys").join(part(hotkey)),
            password_file: password_file.transpose()?,
            weights_version: weights_version.unwrap_or(WEIGHTS_VERSION_DEFAULT),
        })
    }
}

/// The path, with the home folder in place of `~`.
///
/// # Errors
///
/// See [`SettingsError::Home`].
pub(crate) fn expand(environment: &Environment, path: &str) -> Result<PathBuf, SettingsError> {
    let Some(rest) = path.strip_prefix("~/") else {
        return Ok(PathBuf::from(path));
    };
    match environment.get("HOME") {
        Some(home) => Ok(PathBuf::from(home).join(rest)),
        None => Err(SettingsError::Home {
            path: path.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), text).unwrap();
        let environment = Environment::load(folder.path(), |_| None).unwrap();
        Settings::read(&environment)
    }

    const WALLET: &str = "BITTENSOR_WALLET_NAME=w\nBITTENSOR_WALLET_HOTKEY_NAME=h\n";

    #[test]
    fn hotkey_file_lies_in_its_wallet() {
        let settings = read(&format!("{WALLET}HOME=/home/x")).unwrap();
        let path = "/home/x/.bittensor/wallets/w/hotkeys/h";
        assert_eq!(settings.hotkey_file, PathBuf::from(path));
        assert_eq!(settings.weights_version, 1);
        let text = format!(
            "{WALLET}BITTENSOR_WALLET_DIRECTORY=keys\nHOTKEY_PASSWORD_FILE=password\nDEBUG_OVERRIDE_WEIGHTS_VERSION=4"
        );
        let settings = read(&text).unwrap();
        assert_eq!(settings.hotkey_file, PathBuf::from("keys/w/hotkeys/h"));
        assert_eq!(settings.password_file, Some(PathBuf::from("password")));
        assert_eq!(settings.weights_version, 4);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let error = read("BITTENSOR_WALLET_NAME=w").unwrap_err();
        assert_eq!(
            error.to_string(),
            "BITTENSOR_WALLET_HOTKEY_NAME is missing: set it in .env or in the environment"
        );
        let error = read("").unwrap_err().to_string();
        assert!(
            error.contains("_NAME, BITTENSOR_WALLET_HOTKEY_NAME are missing"),
            "{error}"
        );
        let error = read(WALLET).unwrap_err();
        assert!(matches!(error, SettingsError::Home { .. }), "{error}");
        let text = format!("{WALLET}HOME=/\nDEBUG_OVERRIDE_WEIGHTS_VERSION=5");
        let error = read(&text).unwrap_err();
        assert!(matches!(error, SettingsError::Number { .. }), "{error}");
    }
}
