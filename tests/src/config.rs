//! The config of the host, as an operator would write it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::artifacts::{DASHBOARD, PLUGINS};

/// Name of the file with the operator's token, in the folder.
pub(crate) const OPERATOR_TOKEN_FILE: &str = "operator_token";

/// The player that the devnet knows.
pub const PLAYER_ID: &str = "0x00000000000000000000000000000000000c0de5";

/// Work for one challenge.
#[derive(Clone, Debug)]
pub struct Algorithm {
    /// Name of the algorithm.
    pub name: &'static str,
    /// Nonces of a benchmark.
    pub num_nonces: u64,
    /// Nonces of a batch, a power of two.
    pub batch_size: u64,
}

/// Differences between one master and the next.
#[derive(Clone, Debug)]
pub struct MasterOptions {
    /// By name of the challenge.
    pub algorithms: BTreeMap<&'static str, Algorithm>,
    /// Precommits for each block.
    pub max_precommits_per_block: u64,
    /// How far slaves are trusted.
    pub trust: Trust,
    /// How long a slave may take for a batch; `None` leaves it to the host.
    pub lease_ms: Option<u64>,
    /// With the operator's page, and control for whoever has the token: see [`Site::add_dashboard`](crate::Site::add_dashboard).
    pub dashboard: bool,
    /// Record what goes into extensions, to this file beside the config.
    pub record: Option<&'static str>,
}

/// How many batches are computed once more by another slave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// As few as the host thinks right.
    AsUsual,
    /// All; two slaves that agree are right.
    InTheMajority,
    /// All that the slave of this name has not computed itself; what it says is right.
    In(&'static str),
}

impl Default for MasterOptions {
    /// All challenges, small enough for two cores. Few knapsacks have a solution at all, so more of them are tried; an
    /// instance of vector_search takes 100 MB, so few of those.
    fn default() -> Self {
        let algorithm = |name, num_nonces, batch_size| Algorithm {
            name,
            num_nonces,
            batch_size,
        };
        Self {
            algorithms: BTreeMap::from([
                ("knapsack", algorithm("greedy_swap", 320, 16)),
                ("satisfiability", algorithm("walk_sat", 40, 16)),
                ("vector_search", algorithm("pruned_scan", 4, 2)),
                ("vehicle_routing", algorithm("ruin_recreate", 40, 16)),
            ]),
            max_precommits_per_block: 4,
            trust: Trust::AsUsual,
            lease_ms: None,
            dashboard: false,
            record: None,
        }
    }
}

impl MasterOptions {
    /// The whole config file; relative paths in it are relative to the file.
    #[must_use]
    pub fn host_config(&self, api_url: &str, port: u16) -> Value {
        let mut config = json!({
            "player_id": PLAYER_ID,
            "api_key_file": "api_key",
            "api_url": api_url,
            "backup_folder": "backup",
            "bind": "127.0.0.1",
            "port": port,
            "plugin_folder": "plugins",
            // The devnet's blocks follow each other faster than a network's, and it sets no limits.
            "http": { "gets_per_minute": 0, "posts_per_minute": 0 },
            "extensions": PLUGINS,
            "config": self.extensions(),
        });
        if let Some(file) = self.record {
            config["record"] = json!({ "file": file });
        }
        if self.dashboard {
            let names = PLUGINS.iter().chain([&DASHBOARD]);
            config["extensions"] = names.copied().collect();
            config["operator"] = json!({ "token_file": OPERATOR_TOKEN_FILE });
        }
        config
    }

    fn extensions(&self) -> Value {
        let jobs: BTreeMap<_, _> = self.per_challenge(|algorithm| {
            let mut section =
                json!({ "batch_size": algorithm.batch_size, "ms_delay_between_batch_retries": 30_000 });
            if self.trust != Trust::AsUsual {
                section["audit_share"] = json!(1.0);
            }
            if let Trust::In(verifier) = self.trust {
                section["verifier"] = json!(verifier);
            }
            section
        });
        let selection: BTreeMap<_, _> = self.per_challenge(|algorithm| {
            json!({ "algorithm": algorithm.name, "num_nonces": algorithm.num_nonces, "weight": 1.0 })
        });
        json!({
            "submissions_manager": {
                "clear_precommits_submission_on_new_block": true,
                "max_retries": null,
                "ms_delay_between_retries": 30_000,
            },
            "difficulty_sampler": {
                "num_samples": 100,
                "padding_factor": 0.2,
                "decay": 0.7,
                "initial_solutions_weight": 500.0,
                "solutions_multiplier": 10.0,
            },
            "job_manager": jobs,
            "precommit_manager": {
                "max_precommits_per_block": self.max_precommits_per_block,
                "algo_selection": selection,
            },
            "slave_manager": self.lease_ms.map_or(json!({}), |lease_ms| json!({ "lease_ms": lease_ms })),
        })
    }

    fn per_challenge(&self, section: impl Fn(&Algorithm) -> Value) -> BTreeMap<&str, Value> {
        let sections = self.algorithms.iter();
        sections
            .map(|(name, algorithm)| (*name, section(algorithm)))
            .collect()
    }
}
