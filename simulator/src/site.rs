//! What all hosts of a run share: the plugin files, loaded once, and the operator's config.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_challenges::ChallengeKind;
use tig_host::testing::{self, Plugin, RateTable};
use tig_host::{Config, HostError, Overrides};
use tig_system_tests::PLUGINS;

use crate::scenario::{LEASE_MS, Scenario};
use crate::{slave, stub};

/// The player whose master is simulated.
pub const PLAYER_ID: &str = "0x0000000000000000000000000000000000005133";

/// Its key; this network is the only one that knows it.
///
/// Not a part of [`PLAYER_ID`], which a recording would cover with it.
pub const API_KEY: &str = "c0ffee00000000000000000000005133";

/// The network's address; nothing listens there.
pub const API_URL: &str = "http://network.invalid";

/// Nonces of a benchmark.
pub const NUM_NONCES: u64 = 40;

/// Nonces of a batch.
const BATCH_SIZE: u64 = 8;

/// Precommits per block.
pub const PRECOMMITS_PER_BLOCK: usize = 2;

/// How long a liar gets no work, in milliseconds.
const QUARANTINE_MS: u64 = 3_600_000;

/// Why no host can be simulated.
#[derive(Debug)]
pub enum SiteError {
    /// A file of the simulation itself.
    File(std::io::Error),
    /// The config or a plugin file.
    Host(Box<HostError>),
}

impl std::fmt::Display for SiteError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(error) => write!(
                formatter,
                "cannot read the plugins' folder or write the config: {error}"
            ),
            Self::Host(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for SiteError {}

impl From<std::io::Error> for SiteError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<HostError> for SiteError {
    fn from(error: HostError) -> Self {
        Self::Host(Box::new(error))
    }
}

/// Plugins and config of a run.
pub struct Site {
    folder: TempDir,
    plugin_folder: PathBuf,
    plugins: Vec<Plugin>,
}

impl Site {
    /// Loads the six extensions of `plugin_folder`.
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
        std::fs::write(site.folder.path().join("api_key"), API_KEY)?;
        let config = site.config(&Scenario::calm(0, 1), None)?;
        site.plugins = testing::load(&config)?;
        Ok(site)
    }

    /// Their code, in the order of [`PLUGINS`].
    #[must_use]
    pub fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// The rates that the extensions state for the API: the config states none.
    #[must_use]
    pub fn rates(&self) -> RateTable {
        let mut stated = self
            .plugins
            .iter()
            .flat_map(|plugin| &plugin.manifest.rates);
        let first = stated.next();
        first.map_or_else(RateTable::default, |stated| RateTable::same(stated.rates))
    }

    /// The config of a scenario's master, which may record.
    ///
    /// # Errors
    ///
    /// See [`SiteError`].
    pub fn config(
        &self,
        scenario: &Scenario,
        recording: Option<&Path>,
    ) -> Result<Config, SiteError> {
        let name = format!("config-{}.json", scenario.seed);
        let path = self.folder.path().join(name);
        std::fs::write(&path, self.config_file(scenario).to_string())?;
        let overrides = Overrides {
            record: recording.map(Path::to_owned),
            ..Overrides::default()
        };
        let config = Config::load(&path, overrides);
        Ok(config.map_err(HostError::from)?)
    }

    fn config_file(&self, scenario: &Scenario) -> Value {
        let names = ChallengeKind::ALL.map(ChallengeKind::name);
        let per_challenge = |section: &Value| -> serde_json::Map<String, Value> {
            names
                .iter()
                .map(|name| ((*name).to_owned(), section.clone()))
                .collect()
        };
        let mut job = json!({
            "batch_size": BATCH_SIZE,
            "ms_delay_between_batch_retries": 30_000,
            "audit_share": scenario.audit_percent as f64 / 100.0,
        });
        if let Some(verifier) = scenario.verifier {
            job["verifier"] = json!(slave::name(verifier));
        }
        let selection = json!({ "algorithm": stub::NAME, "num_nonces": NUM_NONCES, "weight": 1.0 });
        json!({
            "player_id": PLAYER_ID,
            "api_key_file": "api_key",
            "api_url": API_URL,
            "backup_folder": "backup",
            "plugin_folder": self.plugin_folder,
            "port": 0,
            "extensions": PLUGINS,
            "config": {
                "submissions_manager": {
                    "clear_precommits_submission_on_new_block": true,
                    "max_retries": null,
                    "ms_delay_between_retries": 30_000,
                },
                "difficulty_sampler": {
                    "num_samples": 10,
                    "padding_factor": 0.2,
                    "decay": 0.7,
                    "initial_solutions_weight": 500.0,
                    "solutions_multiplier": 10.0,
                },
                "job_manager": per_challenge(&job),
                "precommit_manager": {
                    "max_precommits_per_block": PRECOMMITS_PER_BLOCK,
                    "algo_selection": per_challenge(&selection),
                },
                "slave_manager": { "lease_ms": LEASE_MS, "quarantine_ms": QUARANTINE_MS },
            },
        })
    }
}
