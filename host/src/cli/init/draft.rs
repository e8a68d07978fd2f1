//! The config while it is made: a template, the identity that the plugins name, and what was answered. Pure.

use serde_json::{Map, Value, json};
use tig_plugin_api::IdentityKey;

use super::template::TemplateError;
use super::{InitArguments, InitError};
use crate::config::BACKUP_FOLDER_DEFAULT;
use crate::plugin::PluginFile;

/// Name of the key's file.
pub(super) const KEY_FILE: &str = "api_key";
/// Name of the operator token's file.
pub(super) const TOKEN_FILE: &str = "operator_token";

/// Keys of the host whose values in a template are examples.
const OWN: [&str; 7] = [
    "api_key_file",
    "api_key_env",
    "backup_folder",
    "plugin_folder",
    "plugin_cache_folder",
    "operator",
    "keys",
];

/// A config that is not whole yet.
pub(super) struct Draft {
    config: Map<String, Value>,
    /// Names of the plugins that are there, each with its keys of the identity.
    plugins: Vec<(String, Vec<IdentityKey>)>,
    /// Names of the plugins that are there.
    pub(super) names: Vec<String>,
    /// Whether the extensions come from a template.
    pub(super) has_template: bool,
}

impl Draft {
    /// The draft of a config for the plugins that were found.
    ///
    /// # Errors
    ///
    /// The template lists others.
    pub(super) fn new(
        template: Option<Map<String, Value>>,
        found: &[PluginFile],
    ) -> Result<Self, TemplateError> {
        let plugins: Vec<(String, Vec<IdentityKey>)> = found
            .iter()
            .map(|file| (file.manifest.name.clone(), file.manifest.identity.clone()))
            .collect();
        let names: Vec<String> = plugins.iter().map(|(name, _)| name.clone()).collect();
        let has_template = template.is_some();
        let mut config = template.unwrap_or_else(|| {
            Map::from_iter([
                ("extensions".to_owned(), json!(names)),
                ("config".to_owned(), json!({})),
            ])
        });
        config.retain(|key, value| !value.is_null() && !OWN.contains(&key.as_str()));
        // An example is nobody's account.
        let keys = plugins.iter().flat_map(|(_, identity)| identity);
        for key in keys.filter(|key| key.default.is_none()) {
            config.remove(&key.name);
        }
        let is_absent = |name: &String| !names.contains(name);
        let absent: Vec<String> = listed(&config).into_iter().filter(is_absent).collect();
        if !absent.is_empty() {
            return Err(TemplateError::Plugins(absent));
        }
        let mut draft = Self {
            config,
            plugins,
            names,
            has_template,
        };
        // Beside the config, wherever the host is started.
        draft.set("backup_folder", BACKUP_FOLDER_DEFAULT.to_owned());
        draft
            .config
            .insert("operator".to_owned(), json!({ "token_file": TOKEN_FILE }));
        Ok(draft)
    }

    /// Keys of the identity that the listed extensions name, the account first, with the values that they have or would have.
    pub(super) fn identity(&self) -> Vec<(IdentityKey, Option<String>)> {
        let mut keys: Vec<(IdentityKey, Option<String>)> = Vec::new();
        for name in listed(&self.config) {
            let plugin = self.plugins.iter().find(|(known, _)| *known == name);
            for key in plugin.iter().flat_map(|(_, identity)| identity) {
                if keys.iter().all(|(known, _)| known.name != key.name) {
                    let value = self.text(&key.name).or_else(|| key.default.clone());
                    keys.push((key.clone(), value));
                }
            }
        }
        keys
    }

    /// The text of a key at the top.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        Some(self.config.get(key)?.as_str()?.to_owned())
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.config.insert(key.to_owned(), value.into());
    }

    /// Takes what the flags say.
    ///
    /// # Errors
    ///
    /// There is no account that `--account` could be.
    pub(super) fn take_flags(&mut self, arguments: &InitArguments) -> Result<(), InitError> {
        if let Some(account) = &arguments.account {
            let first = self.identity().first().map(|(key, _)| key.name.clone());
            let first = first.ok_or_else(|| InitError::Missing {
                flag: "no --account".to_owned(),
                about: "none of the plugins works for an account".to_owned(),
            })?;
            self.set(&first, account.clone());
        }
        if let Some(api) = &arguments.api {
            self.set("api_url", api.clone());
        }
        if let Some(bind) = &arguments.bind {
            self.set("bind", bind.clone());
        }
        if let Some(port) = arguments.port {
            self.set("port", port);
        }
        if let Some(file) = &arguments.key_file {
            let file = std::path::absolute(file).unwrap_or(file.clone());
            self.set("api_key_file", file.display().to_string());
        }
        Ok(())
    }

    /// Gives keys of the identity their defaults.
    ///
    /// # Errors
    ///
    /// One has none.
    pub(super) fn require_all(&mut self) -> Result<(), InitError> {
        for (key, value) in self.identity() {
            let Some(value) = value else {
                return Err(InitError::Missing {
                    flag: format!("--account, or --set {}=..", key.name),
                    about: key.about,
                });
            };
            self.set(&key.name, value);
        }
        Ok(())
    }

    /// Sets what an assignment `a.b=VALUE` says.
    ///
    /// # Errors
    ///
    /// It is not one.
    pub(super) fn assign(&mut self, assignment: &str) -> Result<(), InitError> {
        let wrong = || InitError::Set(assignment.to_owned());
        let (path, value) = assignment.split_once('=').ok_or_else(wrong)?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        let mut keys = path.split('.').peekable();
        let mut object = &mut self.config;
        while let Some(key) = keys.next() {
            if key.is_empty() {
                return Err(wrong());
            }
            if keys.peek().is_none() {
                object.insert(key.to_owned(), value);
                return Ok(());
            }
            let inner = object.entry(key.to_owned()).or_insert_with(|| json!({}));
            object = inner.as_object_mut().ok_or_else(wrong)?;
        }
        Err(wrong())
    }

    pub(super) fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    pub(super) fn into_config(self) -> Value {
        Value::Object(self.config)
    }
}

/// Names of the extensions that a config lists.
fn listed(config: &Map<String, Value>) -> Vec<String> {
    let listed = config.get("extensions").and_then(Value::as_array);
    let names = listed.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}
