//! Reads the plugin files that a config names, as far as that goes without loading them.

use std::path::Path;

use crate::config::{Config, Fault, Suggestion, plugin_file_name};
use crate::error::HostError;
use crate::lifecycle::admission;
use crate::plugin::{self, OpenFiles, PluginError, PluginFile};

/// Reads the file of each extension, in the config's order, unless a program is writing it.
#[must_use]
pub(crate) fn read(config: &Config) -> Vec<Result<PluginFile, PluginError>> {
    let open_files = OpenFiles::for_writing();
    let read = |name: &String| {
        let path = config.plugin_file(name);
        let read = open_files
            .check(&path)
            .and_then(|()| PluginFile::read(&path));
        read.map_err(|error| with_suggestion(error, &config.plugin_folder, name))
    };
    config.extensions.iter().map(read).collect()
}

/// The fault of a folder from which no plugin can be loaded.
#[must_use]
pub(crate) fn cache_fault(config: &Config) -> Option<Fault> {
    let error = plugin::check_cache_folder(&config.plugin_cache_folder).err()?;
    Some(Fault::new("plugin_cache_folder", error.to_string()))
}

/// Reads the file of each extension and checks that they fit the config and each other; also returns the config with its whole
/// identity.
///
/// # Errors
///
/// The first file that is missing or not a plugin, else all misfits of the config.
pub(crate) fn admitted(config: &Config) -> Result<(Config, Vec<PluginFile>), HostError> {
    let named = config.extensions.iter().zip(read(config));
    let candidates = named
        .map(|(name, candidate)| {
            candidate.map_err(|source| HostError::Plugin {
                name: name.clone(),
                source,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let manifests: Vec<_> = candidates
        .iter()
        .map(|candidate| &candidate.manifest)
        .collect();
    let (completed, mut faults) = admission::admit(config, &manifests);
    faults.extend(cache_fault(config));
    config.reject(faults)?;
    Ok((completed, candidates))
}

/// Adds the names of plugins that the folder holds.
fn with_suggestion(error: PluginError, folder: &Path, name: &str) -> PluginError {
    let PluginError::Missing { path, .. } = error else {
        return error;
    };
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<String> = files
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let name = file.strip_prefix("lib")?.strip_suffix(".so")?;
            (plugin_file_name(name) == file).then(|| name.to_owned())
        })
        .collect();
    let suggestion = Suggestion::find(name, names.iter().map(String::as_str));
    let remedy = "; correct `extensions` or `plugin_folder`, or put the file there";
    PluginError::Missing {
        path,
        suggestion: format!("{suggestion}{remedy}"),
    }
}
