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
}

impl Site {
    /// Loads the extensions of `plugin_folder`.
    ///
    /// # Errors
    ///
    /// See [`SiteError`].
    pub fn new(plugin_folder: &Path) -> Result<Self, SiteError> {
        let mut site = Self {
            folder: tempfile::tempdir()?,
            plugin_folder: plugin_folder.canonicalize()?,
            plugins: Vec::new(),
        };
        write_hotkey(site.folder.path()).map_err(std::io::Error::other)?;
        let config = site.load("config.json", 1)?;
        site.plugins = testing::load(&config)?;
        Ok(site)
    }

    /// Their code, in the order of [`BATCH_EXTENSIONS`](horde_system_tests::BATCH_EXTENSIONS).
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
        self.load(&name, scenario.weights_version)
    }

    fn load(&self, name: &str, weights_version: u64) -> Result<Config, SiteError> {
        let path = self.folder.path().join(name);
        let options = HostOptions {
            kinds: json!({
                "spin_up-4min.gpu-24gb": "horde_job_hash",
                "always_on.gpu-24gb": "horde_job_echo",
            }),
            batch: json!({ "weights_version": weights_version }),
            ..HostOptions::default()
        };
        let config = options.config(&self.plugin_folder);
        fs::write(&path, config.to_string())?;
        let config = Config::load(&path, Overrides::default());
        Ok(config.map_err(HostError::from)?)
    }
}
