//! `tig-host schema`: the JSON Schema of a config file, for editors and for the reference in `docs/`.

use std::path::Path;

use serde_json::{Value, json};
use tig_plugin_api::Rates;

use super::output;
use super::plugins::plugin_files;
use crate::config::{self, Config, Overrides, folder_of_executable, section_files};
use crate::error::HostError;
use crate::plugin::PluginFile;

/// Prints the schema of the host's keys, with the sections of all plugins in the folder of `config`, or in the
/// program's own.
pub(super) fn schema(config: Option<&Path>) -> Result<(), HostError> {
    let folder = match config {
        Some(path) => Config::load(path, Overrides::default())?.plugin_folder,
        None => folder_of_executable(),
    };
    // Read here for its error.
    plugin_files(&folder).map_err(HostError::system("read the plugin folder"))?;
    output::json(&with_plugins(&folder));
    Ok(())
}

/// The schema of the host's keys, with the sections of all plugins in `folder`.
#[must_use]
pub(super) fn with_plugins(folder: &Path) -> Value {
    let files = plugin_files(folder).unwrap_or_default();
    let manifests = files
        .iter()
        .filter_map(|path| Some(PluginFile::read(path).ok()?.manifest));
    let mut schema = config::schema();
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    for manifest in manifests {
        for mut key in manifest.identity {
            let stated = manifest.rates.iter().find(|it| it.identity == key.name);
            if let Some(stated) = stated {
                key.about.push_str(&rates_text(stated.rates));
            }
            let default = key.default.map(|default| json!({ "default": default }));
            let mut property = default.unwrap_or_else(|| json!({}));
            property["description"] = key.about.into();
            property["type"] = "string".into();
            schema["properties"][key.name] = property;
        }
        if let Some(mut section) = manifest.config {
            section_files::allow_in(&mut section);
            schema["properties"]["config"]["properties"][manifest.name.as_str()] = section;
        }
    }
    schema
}

/// A sentence about the rates that an extension states.
fn rates_text(rates: Rates) -> String {
    let words = |per_minute: u32| match per_minute {
        0 => "any number of".to_owned(),
        number => number.to_string(),
    };
    format!(
        " Unless `http` says otherwise, {} GET and HEAD and {} other requests a minute go to its host.",
        words(rates.gets_per_minute),
        words(rates.posts_per_minute)
    )
}
