//! What all hosts of a run share: the plugin files, loaded once, and the operator's config.

use std::fs;
use std::path::{Path, PathBuf};

use horde_system_tests::{HostOptions, write_hotkey};
use serde_json::json;
use tempfile::TempDir;
use tig_host::testing::{self, Plugin};
use tig_host::{Config, HostError, Overrides};

use tig_simulator::site::SiteError;

use crate::scenario::Scenario;

/// Plugins and config of a run.
pub struct Site {
    folder: TempDir,
    plugin_folder: PathBuf,
    plugins: Vec<Plugin>,
    recording: Option<PathBuf>,
}

impl Site {
    /// Loads the extensions that run batches from `plugin_folder`.
    ///
    /// # Errors
    ///
    /// See [`SiteError`].
    pub fn new(plugin_folder: &Path) -> Result<Self, SiteError> {
        Self::with(plugin_folder, &batch_options(1))
    }

    /// Loads the extensions of these options.
    ///
    /// # Errors
    ///
    /// See [`SiteError`].
    pub(crate) fn with(plugin_folder: &Path, options: &HostOptions) -> Result<Self, SiteError> {
        let mut site = Self {
            folder: tempfile::tempdir()?,
            plugin_folder: plugin_folder.canonicalize()?,
            plugins: Vec::new(),
            recording: None,
        };
        write_hotkey(site.folder.path()).map_err(std::io::Error::other)?;
        let config = site.load("config.json", options)?;
        site.plugins = testing::load(&config)?;
        Ok(site)
    }

    /// From now on, hosts record what their extensions get, to this file. Each start of a host begins a new part of the recording.
    pub fn record_to(&mut self, recording: Option<PathBuf>) {
        self.recording = recording;
    }

    /// Their code, in the order of the config.
    #[must_use]
    pub fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// The config of a scenario's host.
    ///
    /// # Errors
    ///
    /// See [`SiteError`].
    pub fn config(&self, scenario: &Scenario) -> Result<Config, SiteError> {
        let name = format!("config-{}.json", scenario.seed);
        self.load(&name, &batch_options(scenario.weights_version))
    }

    /// Writes a config file of this name, and reads it as a host does.
    pub(crate) fn load(&self, name: &str, options: &HostOptions) -> Result<Config, SiteError> {
        let path = self.folder.path().join(name);
        let config = options.config(&self.plugin_folder);
        fs::write(&path, config.to_string())?;
        let overrides = Overrides {
            record: self.recording.clone(),
            ..Overrides::default()
        };
        let config = Config::load(&path, overrides);
        Ok(config.map_err(HostError::from)?)
    }
}

fn batch_options(weights_version: u64) -> HostOptions {
    HostOptions {
        kinds: json!({
            "spin_up-4min.gpu-24gb": "horde_job_hash",
            "always_on.gpu-24gb": "horde_job_echo",
        }),
        batch: json!({ "weights_version": weights_version }),
        ..HostOptions::default()
    }
}
