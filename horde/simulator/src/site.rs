//! What all hosts of a run share: the plugin files, loaded once, and the operator's config.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use horde_system_tests::{EXTENSIONS, HOTKEY_SEED};
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
        let mut options = File::options();
        options.write(true).create_new(true).mode(0o600);
        let hotkey = json!({ "secretSeed": HOTKEY_SEED }).to_string();
        options
            .open(site.folder.path().join("hotkey"))?
            .write_all(hotkey.as_bytes())?;
        let config = site.load("config.json", 1)?;
        site.plugins = testing::load(&config)?;
        Ok(site)
    }

    /// Their code, in the order of [`EXTENSIONS`].
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
        let config = json!({
            "extensions": EXTENSIONS,
            "keys": {
                "hotkey": { "kind": "sr25519", "file": "hotkey", "extensions": ["horde_miners"] },
            },
            "plugin_folder": self.plugin_folder,
            "backup_folder": "backup",
            "port": 0,
            "config": {
                "horde_batch": {
                    "kinds": {
                        "spin_up-4min.gpu-24gb": "horde_job_hash",
                        "always_on.gpu-24gb": "horde_job_echo",
                    },
                    "weights_version": weights_version,
                },
                "horde_miners": { "key": "hotkey", "allow_private": true },
                "horde_job_hash": { "small": true },
            },
        });
        fs::write(&path, config.to_string())?;
        let config = Config::load(&path, Overrides::default());
        Ok(config.map_err(HostError::from)?)
    }
}
