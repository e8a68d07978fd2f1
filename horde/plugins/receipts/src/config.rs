//! Config section `horde_receipts`.

use horde_extension::Section;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result};

/// Shortest time between two rounds, in milliseconds: pages are of five minutes each.
const POLL_MS_MIN: u64 = 1_000;
/// Longest time that a config may give for anything, in milliseconds.
const WAIT_MS_MAX: u64 = 3_600_000;
/// Requests at one time that a config may allow.
const REQUESTS_COUNT_MAX: u32 = 64;

/// Receipts: those of this validator, and those that miners serve.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Name of the host's key that is the validator's hotkey. Only its public part is read.
    pub(crate) key: String,
    /// Fetch the receipts of all miners. Those of this validator are stored and served in any case.
    pub(crate) enabled: bool,
    /// Fetch from names and from addresses of private networks and of this machine, too.
    pub(crate) allow_private: bool,
    /// Time between two rounds over all miners, in milliseconds.
    pub(crate) poll_ms: u64,
    /// Requests at one time, each to another miner.
    pub(crate) requests_max: u32,
    /// Time for the whole answer to a request, in milliseconds (section 2.5).
    pub(crate) timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key: "hotkey".to_owned(),
            enabled: true,
            allow_private: false,
            poll_ms: 60_000,
            requests_max: 8,
            timeout_ms: 5_000,
        }
    }
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        let section = Section("horde_receipts");
        section.check("poll_ms", self.poll_ms, POLL_MS_MIN..=WAIT_MS_MAX)?;
        section.check("timeout_ms", self.timeout_ms, 1..=WAIT_MS_MAX)?;
        section.check("requests_max", self.requests_max, 1..=REQUESTS_COUNT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use tig_plugin_api::testing::check_example_config;

    use super::*;

    fn fault(section: Value) -> String {
        let config = Config::deserialize(section).unwrap();
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn default_config_is_valid() {
        Config::default().check().unwrap();
    }

    #[test]
    fn value_out_of_bounds_is_named() {
        assert_eq!(
            fault(json!({ "poll_ms": 999 })),
            "config.horde_receipts.poll_ms: 999 is not between 1000 and 3600000"
        );
        assert!(fault(json!({ "timeout_ms": 0 })).contains("timeout_ms"));
        assert!(fault(json!({ "requests_max": 65 })).contains("requests_max"));
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "key",
            "enabled",
            "allow_private",
            "poll_ms",
            "requests_max",
            "timeout_ms",
        ];
        check_example_config::<Config>(example, "horde_receipts", &optional);
    }
}
