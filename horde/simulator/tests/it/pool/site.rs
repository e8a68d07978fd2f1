//! The host of a run, and what its trusted miner writes.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;

use horde_calc::llm::{mock_answer, solver_lines};
use serde_json::{Value, json};
use tempfile::TempDir;
use tig_host::testing::{self, Plugin};
use tig_host::{Config, Overrides};

use super::buckets::STORE;

pub(super) const CROSSVAL: &str = "horde_crossval";
const NEIGHBOURS: &str = "pool_neighbours";
/// Samples and series of a full pool.
pub(super) const POOL: usize = 4;
/// Lines of a series.
const LINES: usize = 6;

pub(super) type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Plugins and config.
pub(super) struct Site {
    pub(super) config: Config,
    pub(super) plugins: Vec<Plugin>,
    _folder: TempDir,
}

impl Site {
    pub(super) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let built = crate::plugins();
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins)?;
        for (from, name) in [
            (built.clone(), CROSSVAL),
            (built.join("examples"), NEIGHBOURS),
        ] {
            let file = format!("lib{name}.so");
            fs::copy(from.join(&file), plugins.join(&file))?;
        }
        let mut secret = fs::File::options();
        let secret = secret.write(true).create_new(true).mode(0o600);
        let mut secret = secret.open(folder.path().join("secret"))?;
        std::io::Write::write_all(&mut secret, b"wJalrXUtnFEMI")?;
        let path = folder.path().join("config.json");
        fs::write(&path, host_config().to_string())?;
        let config = Config::load(&path, Overrides::default())?;
        Ok(Self {
            plugins: testing::load(&config)?,
            config,
            _folder: folder,
        })
    }
}

fn host_config() -> Value {
    json!({
        "extensions": [CROSSVAL, NEIGHBOURS],
        "keys": { "s3": {
            "kind": "hmac-sha256", "prefix": "AWS4", "file": "secret", "extensions": [CROSSVAL],
        } },
        "plugin_folder": "plugins",
        "backup_folder": "backup",
        "port": 0,
        "config": {
            CROSSVAL: {
                "trusted_miner_host": "10.0.0.9",
                "endpoint": STORE,
                "prompts_bucket": "prompts",
                "answers_bucket": "answers",
                "access_key_id": "id",
                "uses_per_series": 3,
                "expiry_hours": 2,
            },
            NEIGHBOURS: {
                "max_prompt_series": POOL,
                "target_number_of_prompt_samples_ready": POOL,
                "number_of_prompts_per_workload": 2,
                "prompts_series_in_a_single_generation": POOL,
                "number_of_prompts_in_series": LINES,
                "number_of_prompts_to_sample_from_series": 1,
            },
        },
    })
}

/// A series of its own for each object.
pub(super) fn series(path: &str) -> String {
    let lines = (0..LINES).map(|line| format!("prompt {line} of {path}\n"));
    lines.collect()
}

/// The answers of the solver's mock.
pub(super) fn answers(seed: u32, prompts: &[u8]) -> String {
    let prompts = String::from_utf8_lossy(prompts);
    let answers = solver_lines(&prompts);
    let answers = answers.map(|prompt| (prompt.to_owned(), mock_answer(seed, prompt).into()));
    Value::Object(answers.collect()).to_string()
}
