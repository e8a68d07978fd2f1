//! The settings of an instance (benchmarker.md section 2).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
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
    /// For whom the host works: the texts of the keys that extensions name as their `identity`, and of the config's own.
    #[serde(default)]
    pub identity: BTreeMap<String, String>,
    /// `player_id` of the identity, for extensions built before there was one.
    #[serde(default)]
    pub player_id: String,
    /// Key that authenticates the account.
    #[serde(default)]
    pub api_key: Secret,
    /// `api_url` of the identity, without a slash at its end, for extensions built before there was one.
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
    /// Sets the identity, also where extensions look for it that were built before there was one.
    #[must_use]
    pub fn with_identity(self, identity: BTreeMap<String, String>) -> Self {
        let text = |name| identity.get(name).cloned().unwrap_or_default();
        Self {
            player_id: text("player_id"),
            api_url: text("api_url"),
            identity,
            ..self
        }
    }

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
