//! What an instance is made with (benchmarker.md section 2).

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// A text that must not be shown: its `Debug` form is a placeholder.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the header or the call that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// Settings of one instance: the whole `config` object and what the host adds to it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Settings {
    /// Name under which the config lists this extension.
    pub name: String,
    /// Account that the host works for.
    #[serde(default)]
    pub player_id: String,
    /// Key that authenticates the account.
    #[serde(default)]
    pub api_key: Secret,
    /// Base URL of the network's API, without a slash at its end.
    #[serde(default)]
    pub api_url: String,
    /// Folder of the host's store; for display, an extension keeps its state by [`crate::Context::put`].
    #[serde(default)]
    pub backup_folder: String,
    /// Port of the host's listener.
    #[serde(default)]
    pub port: u16,
    /// The config file's `config` object, with the sections of all extensions.
    #[serde(default)]
    pub config: Map<String, Value>,
}

impl Settings {
    /// Decodes the extension's own section of `config`; a missing section counts as `{}`.
    ///
    /// # Errors
    ///
    /// A key is unknown, missing or of the wrong type; the text has its path from the config's root.
    pub fn section<T: DeserializeOwned>(&self) -> Result<T> {
        let section = self
            .config
            .get(&self.name)
            .cloned()
            .unwrap_or_else(|| Value::Object(Map::new()));
        serde_path_to_error::deserialize(section).map_err(|error| {
            let path = error.path().to_string();
            let dot = if path == "." {
                String::new()
            } else {
                format!(".{path}")
            };
            Error::msg(format_args!("config.{}{dot}: {}", self.name, error.inner()))
        })
    }
}
