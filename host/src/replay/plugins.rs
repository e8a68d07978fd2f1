//! Finds the plugin file for a recorded instance.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tig_recording::PluginId;

use crate::config::plugin_file_name;
use crate::plugin::{Loader, Plugin, PluginError, PluginFile};

/// A candidate in place of the recorded versions of an extension.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Name of the extension.
    pub extension: String,
    /// The plugin file.
    pub file: PathBuf,
}

/// Loads plugin files, each once.
pub(super) struct Plugins {
    folders: Vec<PathBuf>,
    candidate: Option<Candidate>,
    loader: Loader,
    loaded: HashMap<PathBuf, Plugin>,
}

/// A plugin for a recorded instance.
pub(super) struct Found {
    pub(super) plugin: Plugin,
    /// Why its decisions may differ though the candidate is not to blame.
    pub(super) remark: Option<String>,
}

impl Plugins {
    /// Plugin files of `folders`, or the candidate; copies are kept in `cache_folder`, and tried by `probe_program`.
    pub(super) fn new(
        folders: Vec<PathBuf>,
        candidate: Option<Candidate>,
        cache_folder: &Path,
        probe_program: Option<PathBuf>,
    ) -> Self {
        Self {
            folders,
            candidate,
            loader: Loader::new(cache_folder.to_owned(), probe_program),
            loaded: HashMap::new(),
        }
    }

    /// The candidate of `extension`, or the file of the recorded instance: the one with its hash, or else the first of its name.
    ///
    /// # Errors
    ///
    /// There is none, or none is a plugin.
    pub(super) fn find(
        &mut self,
        extension: &str,
        recorded: &PluginId<'_>,
    ) -> Result<Found, PluginError> {
        if let Some(candidate) = &self.candidate
            && candidate.extension == extension
        {
            let path = candidate.file.clone();
            let plugin = self.load(&path)?;
            return Ok(Found {
                plugin,
                remark: None,
            });
        }
        let file_name = plugin_file_name(extension);
        let mut paths = self.folders.iter().map(|folder| folder.join(&file_name));
        let existing: Vec<PathBuf> = paths.by_ref().filter(|path| path.exists()).collect();
        let (mut first, mut failed) = (None, None);
        for path in &existing {
            let plugin = match self.load(path) {
                Ok(plugin) => plugin,
                Err(error) => {
                    // A later folder may have the recorded file.
                    failed.get_or_insert(error);
                    continue;
                }
            };
            if plugin.hash == recorded.hash {
                return Ok(Found {
                    plugin,
                    remark: None,
                });
            }
            first.get_or_insert(plugin);
        }
        let Some(plugin) = first else {
            if let Some(error) = failed {
                return Err(error);
            }
            let folder = self.folders.first().cloned().unwrap_or_default();
            return Err(PluginError::Missing {
                path: folder.join(file_name),
                suggestion: "; build it, or name its folder by --plugins".to_owned(),
            });
        };
        let remark = format!(
            "{extension} was recorded with version {} of another build than {} {}; differences may come from that",
            recorded.version, plugin.manifest.name, plugin.manifest.version
        );
        Ok(Found {
            plugin,
            remark: Some(remark),
        })
    }

    /// Whether a candidate answers for `extension`.
    pub(super) fn is_candidate(&self, extension: &str) -> bool {
        let candidate = self.candidate.as_ref();
        candidate.is_some_and(|candidate| candidate.extension == extension)
    }

    fn load(&mut self, path: &Path) -> Result<Plugin, PluginError> {
        if let Some(plugin) = self.loaded.get(path) {
            return Ok(plugin.clone());
        }
        let file: PluginFile = self.loader.read(path)?;
        let plugin = self.loader.load(&file)?;
        self.loaded.insert(path.to_owned(), plugin.clone());
        Ok(plugin)
    }
}
