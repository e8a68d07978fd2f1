//! `dev.json` of a plugin's folder: what runs beside the plugin, and the config of its host. Without one a plugin is alone. Its
//! section is in `config.section.json`, unless the config has one.

mod companion;
mod error;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tig_process::json_text::{self, JsonError};
use tig_process::text_file::{self, TextError};

pub(super) use self::companion::{Companion, Ready};
pub(super) use self::error::DescriptionError;
use super::placeholders::{Values, fill, fill_object};
use super::run_folder::{BACKUP, PLUGINS};
use crate::config::Suggestion;

/// Name of the file.
pub(super) const FILE_NAME: &str = "dev.json";
/// Name of the file with a section for the plugin, as an object with its name.
pub(super) const SECTION_FILE_NAME: &str = "config.section.json";
/// Name of the host among the programs.
pub(super) const HOST: &str = "host";
/// Name of the place of the extension's name.
pub(super) const PLUGIN: &str = "plugin";
/// Bytes of the file.
const DESCRIPTION_BYTES_MAX: u64 = 1 << 20;
/// Programs beside the host.
const COMPANION_COUNT_MAX: usize = 32;
/// Keys of the config that follow from where everything runs.
const OWN_KEYS: [&str; 2] = ["backup_folder", "plugin_folder"];

/// What runs beside a plugin.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    /// Files with random keys that are made in the folder of the run.
    #[serde(default)]
    pub(super) keys: Vec<String>,
    /// Files with JSON that are made there.
    #[serde(default)]
    pub(super) documents: BTreeMap<String, Value>,
    /// Programs, in the order of their start. Those that need the host's address start after it.
    #[serde(default)]
    pub(super) companions: Vec<Companion>,
    /// The host's config; the plugin alone by default.
    config: Option<Map<String, Value>>,
    /// Sections of the section file; none if there is no such file.
    #[serde(skip)]
    sections: Map<String, Value>,
}

impl Description {
    /// Reads the file in `folder` for the extension `plugin`; without one, it is alone.
    pub(super) fn read(folder: &Path, plugin: &str) -> Result<Self, DescriptionError> {
        let path = folder.join(FILE_NAME);
        let mut description = match read_text(&path)? {
            None => Self::default(),
            Some(text) => Self::parse(&text).map_err(|error| match error {
                ParseError::Json(source) => DescriptionError::Json { path, source },
                ParseError::Fault(place, text) => DescriptionError::Fault { place, text },
            })?,
        };
        description.sections = read_sections(folder.join(SECTION_FILE_NAME))?;
        if let Some(name) = description.sections.keys().find(|name| *name != plugin) {
            let (name, plugin) = (name.clone(), plugin.to_owned());
            return Err(DescriptionError::OtherSection { name, plugin });
        }
        description.check_listed(plugin)?;
        Ok(description)
    }

    fn parse(text: &str) -> Result<Self, ParseError> {
        let value = json_text::parse(text).map_err(ParseError::Json)?;
        if !value.is_object() {
            let text = r#"is not an object; a plugin alone has `{}`"#.to_owned();
            return Err(ParseError::Fault("the file".to_owned(), text));
        }
        let parsed: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let place = error.path().to_string();
            ParseError::Fault(place, error.into_inner().to_string())
        })?;
        match parsed.fault() {
            Some((place, text)) => Err(ParseError::Fault(place, text)),
            None => Ok(parsed),
        }
    }

    /// The first fault beyond types: its place, and what is wrong.
    fn fault(&self) -> Option<(String, String)> {
        let mut seen = BTreeSet::from([HOST]);
        let mut files = BTreeSet::from([PLUGINS, BACKUP]);
        if self.companions.len() > COMPANION_COUNT_MAX {
            let text = format!("more than {COMPANION_COUNT_MAX} programs; remove some");
            return Some(("companions".to_owned(), text));
        }
        for name in self.keys.iter().chain(self.documents.keys()) {
            let place = "keys or documents".to_owned();
            if !is_name(name) {
                return Some((place, not_a_name(name)));
            }
            if !files.insert(name.as_str()) {
                return Some((place, taken(name)));
            }
        }
        for (index, companion) in self.companions.iter().enumerate() {
            let place = format!("companions[{index}].name");
            let name = companion.name.as_str();
            if !is_name(name) {
                return Some((place, not_a_name(name)));
            }
            if !seen.insert(name) {
                return Some((place, taken(name)));
            }
        }
        let config = self.config.as_ref()?;
        let mut listed = BTreeSet::new();
        if let Some(twice) = extensions(config)
            .into_iter()
            .find(|it| !listed.insert(*it))
        {
            let text = format!("`{twice}` is listed twice; remove one");
            return Some(("config.extensions".to_owned(), text));
        }
        let own = OWN_KEYS.into_iter().find(|key| config.contains_key(*key));
        own.map(|key| {
            let text = "`tig-host dev` sets this key; remove it".to_owned();
            (format!("config.{key}"), text)
        })
    }

    /// Checks that the config lists the plugin.
    fn check_listed(&self, plugin: &str) -> Result<(), DescriptionError> {
        let Some(config) = &self.config else {
            return Ok(());
        };
        let own = [(PLUGIN.to_owned(), plugin.to_owned())].into();
        let listed = extensions(config).into_iter();
        let listed: Vec<String> = listed
            .map(|name| fill(name, &own).unwrap_or_else(|_| name.to_owned()))
            .collect();
        if listed.iter().any(|name| name == plugin) {
            return Ok(());
        }
        let suggestion = Suggestion::find(plugin, listed.iter().map(String::as_str));
        let text = format!(
            "the plugin `{plugin}` is not listed{suggestion}; list it in place of the extension that it replaces"
        );
        let place = "config.extensions".to_owned();
        Err(DescriptionError::Fault { place, text })
    }

    /// The host's config with `values` in their places, for the extension `plugin`.
    pub(super) fn config(
        &self,
        plugin: &str,
        values: &Values,
    ) -> Result<Map<String, Value>, DescriptionError> {
        let mut config = match &self.config {
            Some(config) => fill_object(&without_second(config, plugin), values)?,
            None => Map::from_iter([("extensions".to_owned(), json!([plugin]))]),
        };
        let present = config.entry("config").or_insert_with(|| json!({}));
        if let (Some(present), Some(section)) = (present.as_object_mut(), self.sections.get(plugin))
        {
            present.entry(plugin).or_insert_with(|| section.clone());
        }
        Ok(config)
    }
}

/// A plugin with the name of an extension that is listed takes its place in the list.
fn without_second(config: &Map<String, Value>, plugin: &str) -> Map<String, Value> {
    let mut config = config.clone();
    let listed = config.get_mut("extensions").and_then(Value::as_array_mut);
    if let Some(listed) = listed.filter(|listed| listed.iter().any(|name| name == plugin)) {
        let own = [(PLUGIN.to_owned(), plugin.to_owned())].into();
        let is_place = |name: &str| name != plugin && fill(name, &own).is_ok_and(|it| it == plugin);
        listed.retain(|name| !name.as_str().is_some_and(is_place));
    }
    config
}

/// Sections of the file at `path`.
fn read_sections(path: PathBuf) -> Result<Map<String, Value>, DescriptionError> {
    let Some(text) = read_text(&path)? else {
        return Ok(Map::new());
    };
    match json_text::parse(&text) {
        Ok(Value::Object(sections)) => Ok(sections),
        Ok(_) => Err(DescriptionError::NoSections { path }),
        Err(source) => Err(DescriptionError::Json { path, source }),
    }
}

/// The text of a file that may be missing.
fn read_text(path: &Path) -> Result<Option<String>, DescriptionError> {
    match text_file::read(path, DESCRIPTION_BYTES_MAX) {
        Ok(text) => Ok(Some(text)),
        Err(TextError::Read(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DescriptionError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

enum ParseError {
    Json(JsonError),
    Fault(String, String),
}

/// Names of the extensions that a config lists.
pub(super) fn extensions(config: &Map<String, Value>) -> Vec<&str> {
    let listed = config.get("extensions").and_then(Value::as_array);
    let listed = listed.into_iter().flatten();
    listed.filter_map(Value::as_str).collect()
}

fn is_name(name: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !name.is_empty() && name.bytes().all(is_legal)
}

fn taken(name: &str) -> String {
    format!("`{name}` is taken; choose another")
}

fn not_a_name(name: &str) -> String {
    format!("{name:?} is not a valid name: use letters, digits, - and _")
}

#[cfg(test)]
mod tests;
