//! Config section `horde_organic`.

use std::collections::BTreeMap;

use horde_dynamic::DynamicConfig;
use horde_events::MinerAddress;
use horde_extension::Section;
use horde_proto::ExecutorClass;
use serde::Deserialize;
use tig_keyring::PublicKey;
use tig_plugin_api::{ConfigSchema, Result, bail};

use crate::limits::ROUTER_MS_MAX;

/// Seconds that every executor is given to start (section 3.4).
const SPIN_UP_SECONDS_MIN: u32 = 2;
/// Longest time of a job, in seconds.
pub(crate) const JOB_TIMEOUT_SECONDS_MAX: u32 = 3_600;
/// Attempts of one job at most.
const ATTEMPTS_MAX: u32 = 20;
/// Longest time that the config may block a miner for, in seconds.
const FAILURE_BLOCK_SECONDS_MAX: u64 = 7 * 24 * 3_600;

/// Users' jobs: who may order them, and which miners run them.
#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// SS58 addresses of those whose signed jobs are run on a miner that the validator chooses. Without any, such jobs are rejected.
    pub(crate) whitelist: Vec<String>,
    /// SS58 addresses of miners that get no users' jobs. The command `block_miner` blocks one for a time.
    pub(crate) blocked: Vec<String>,
    /// Addresses of miners by hotkey, in place of those on the chain: for miners that are not registered, and for test networks.
    pub(crate) miners: BTreeMap<String, FixedAddress>,
    /// Seconds that a user's job has in all, from its request to its result. `DYNAMIC_ORGANIC_JOB_TIMEOUT` wins.
    pub(crate) job_timeout_seconds: u32,
    /// Miners that are tried for one job, if the user leaves the choice. `DYNAMIC_ORGANIC_JOB_MAX_RETRIES` wins.
    pub(crate) attempts_max: u32,
    /// Milliseconds that a router has to choose a miner, an extension that answers `horde_miner_wanted`; after that the choice is made here.
    /// 0 asks none.
    pub(crate) router_ms: u64,
    /// Seconds that executors of a class may take to start, in place of 240 or, for `always_on.gpu-24gb`, 2: for test networks. Never less
    /// than 2.
    pub(crate) spin_up_seconds: BTreeMap<ExecutorClass, u32>,
    /// Seconds for which a miner is blocked that has failed three times in succession; twice as long each further time. 0 blocks none.
    pub(crate) failure_block_seconds: u64,
}

/// Where a miner listens.
#[derive(ConfigSchema, Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixedAddress {
    /// IP address or name.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            whitelist: Vec::new(),
            blocked: Vec::new(),
            miners: BTreeMap::new(),
            job_timeout_seconds: 300,
            attempts_max: 3,
            router_ms: 0,
            spin_up_seconds: BTreeMap::new(),
            failure_block_seconds: 600,
        }
    }
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        check_hotkeys("whitelist", self.whitelist.iter())?;
        check_hotkeys("blocked", self.blocked.iter())?;
        check_hotkeys("miners", self.miners.keys())?;
        for (hotkey, address) in &self.miners {
            if address.port == 0 || address.host.is_empty() {
                bail!(
                    "config.horde_organic.miners.{hotkey}: an address has a host and a port other than 0"
                );
            }
        }
        let section = Section("horde_organic");
        let timeout = self.job_timeout_seconds;
        section.check("job_timeout_seconds", timeout, 1..=JOB_TIMEOUT_SECONDS_MAX)?;
        section.check("attempts_max", self.attempts_max, 1..=ATTEMPTS_MAX)?;
        section.check("router_ms", self.router_ms, 0..=ROUTER_MS_MAX)?;
        let block = self.failure_block_seconds;
        section.check(
            "failure_block_seconds",
            block,
            0..=FAILURE_BLOCK_SECONDS_MAX,
        )
    }

    pub(crate) fn is_blocked(&self, hotkey: &str) -> bool {
        self.blocked.iter().any(|blocked| blocked == hotkey)
    }

    /// The address of a miner, if the config fixes it.
    pub(crate) fn fixed_address(&self, hotkey: &str) -> Option<MinerAddress> {
        let address = self.miners.get(hotkey)?;
        Some(MinerAddress {
            hotkey: hotkey.to_owned(),
            host: address.host.clone(),
            port: address.port,
        })
    }

    /// Seconds that an executor of the class may take to start.
    pub(crate) fn spin_up_seconds(&self, class: ExecutorClass) -> u32 {
        let usual = u32::try_from(class.spin_up_time().as_secs()).unwrap_or(u32::MAX);
        let seconds = self.spin_up_seconds.get(&class).copied();
        seconds.unwrap_or(usual).max(SPIN_UP_SECONDS_MIN)
    }

    /// Seconds that a user's job has in all.
    pub(crate) fn timeout_seconds(&self, dynamic: Option<&DynamicConfig>) -> u32 {
        let seconds = dynamic.map_or(self.job_timeout_seconds, |it| it.organic_job_timeout);
        seconds.clamp(1, JOB_TIMEOUT_SECONDS_MAX)
    }

    /// Miners that are tried for one job.
    pub(crate) fn attempts_max(&self, dynamic: Option<&DynamicConfig>) -> usize {
        let attempts = dynamic.map_or(self.attempts_max, |it| it.organic_job_max_retries);
        attempts.clamp(1, ATTEMPTS_MAX) as usize
    }
}

fn check_hotkeys<'a>(key: &str, hotkeys: impl Iterator<Item = &'a String>) -> Result<()> {
    for hotkey in hotkeys {
        if let Err(error) = PublicKey::from_ss58(hotkey) {
            bail!("config.horde_organic.{key}: {hotkey:?} is not an SS58 address: {error}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tig_plugin_api::testing::check_example_config;

    use super::*;

    const HOTKEY: &str = "5Dh7jEmH8ZjVrYCQFqxHEi4oSuFR21V4xfAKfyuoQrGw95Yj";

    fn fault(section: Value) -> String {
        let config = Config::deserialize(section).unwrap();
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn faults_name_their_key() {
        for (section, expected) in [
            (
                json!({ "whitelist": ["5X"] }),
                "whitelist: \"5X\" is not an SS58",
            ),
            (json!({ "blocked": [""] }), "blocked: \"\" is not an SS58"),
            (
                json!({ "miners": { "a": { "host": "h", "port": 1 } } }),
                "miners: \"a\"",
            ),
            (
                json!({ "miners": { HOTKEY: { "host": "h", "port": 0 } } }),
                "a port other than 0",
            ),
            (
                json!({ "miners": { HOTKEY: { "host": "", "port": 1 } } }),
                "has a host",
            ),
            (
                json!({ "job_timeout_seconds": 0 }),
                "job_timeout_seconds: 0",
            ),
            (json!({ "attempts_max": 21 }), "attempts_max: 21"),
            (
                json!({ "failure_block_seconds": 604_801 }),
                "failure_block_seconds: 604801",
            ),
        ] {
            let text = fault(section);
            assert!(text.contains(expected), "{text}");
        }
        Config::default().check().unwrap();
    }

    #[test]
    fn dynamic_config_wins() {
        let config = Config::default();
        assert_eq!(
            (config.timeout_seconds(None), config.attempts_max(None)),
            (300, 3)
        );
        let dynamic = DynamicConfig {
            organic_job_timeout: 0,
            organic_job_max_retries: 5,
            ..DynamicConfig::default()
        };
        let dynamic = Some(&dynamic);
        assert_eq!(
            (
                config.timeout_seconds(dynamic),
                config.attempts_max(dynamic)
            ),
            (1, 5)
        );
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "whitelist",
            "blocked",
            "miners",
            "job_timeout_seconds",
            "attempts_max",
            "spin_up_seconds",
            "failure_block_seconds",
        ];
        check_example_config::<Config>(example, "horde_organic", &optional);
    }
}
