//! Config section `slave_manager`.

use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result, bail};

/// Shorter leases would end before any batch is done.
const LEASE_MS_MIN: u64 = 1_000;

/// The section as written.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// How long a batch is out with a slave before it is given to another, in milliseconds.
    pub(crate) lease_ms: u64,
    /// How long a slave whose results were wrong gets no work, in milliseconds.
    pub(crate) quarantine_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lease_ms: 120_000,
            quarantine_ms: 24 * 3_600_000,
        }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<()> {
        if self.lease_ms < LEASE_MS_MIN {
            bail!(
                "config.slave_manager.lease_ms: {} is below {LEASE_MS_MIN}",
                self.lease_ms
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::testing::check_example_config;

    use super::Config;

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../config.example.json");
        let optional = ["lease_ms", "quarantine_ms"];
        check_example_config::<Config>(example, "slave_manager", &optional);
    }
}
