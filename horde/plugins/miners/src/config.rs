//! Config section `horde_miners`.

use horde_extension::Section;
use horde_proto::miner::MINER_FRAME_BYTES_MAX;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result};

/// Least time for the answer to a reservation, in milliseconds: honest miners answer late (section 10.5).
const ACCEPT_MS_MIN: u64 = 10_000;
/// More attempts would keep a batch waiting for hours: each pause is twice as long as the one before.
const ATTEMPTS_MAX: u32 = 8;
/// Longest frame that a config may allow, in bytes.
const FRAME_BYTES_MAX: u64 = 1 << 30;
/// Longest time that a config may give for anything, in milliseconds.
const WAIT_MS_MAX: u64 = 3_600_000;

// Defaults are those of the ComputeHorde specification, section 2.2, unless said otherwise.
/// Connections to miners, and the jobs that they run.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Name of the host's key that is the validator's hotkey.
    pub(crate) key: String,
    /// Connect to names and to addresses of private networks and of this machine, too.
    pub(crate) allow_private: bool,
    /// A miner's frame that is longer ends its connection, in bytes.
    pub(crate) frame_bytes_max: u64,
    /// Time between pings, in milliseconds.
    pub(crate) ping_every_ms: u64,
    /// A connection on which a miner sends nothing for so long has ended, in milliseconds.
    pub(crate) silent_ms_max: u64,
    /// Time for a connection and its handshake, in milliseconds.
    pub(crate) connect_ms: u64,
    /// Attempts to connect before a miner counts as unreachable.
    pub(crate) attempts_max: u32,
    /// The same for a miner that has shown no manifest yet: all others of a batch wait for it. Two attempts take 3 s where the
    /// address refuses, the four of section 2.2 half a minute.
    pub(crate) first_attempts_max: u32,
    /// Time until a miner has shown its manifest, with all attempts to connect, in milliseconds (section 3.4).
    pub(crate) manifest_ms: u64,
    /// Time for the answer to a reservation, in milliseconds; at least 10 s (section 10.5).
    pub(crate) accept_ms: u64,
    /// Time for an answer beyond that for which the job may run, in milliseconds (section 3.4).
    pub(crate) run_grace_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key: "hotkey".to_owned(),
            allow_private: false,
            frame_bytes_max: MINER_FRAME_BYTES_MAX as u64,
            ping_every_ms: 20_000,
            silent_ms_max: 120_000,
            connect_ms: 10_000,
            attempts_max: 4,
            first_attempts_max: 2,
            manifest_ms: 35_000,
            accept_ms: ACCEPT_MS_MIN,
            run_grace_ms: 120_000,
        }
    }
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        let section = Section("horde_miners");
        section.check("frame_bytes_max", self.frame_bytes_max, 1..=FRAME_BYTES_MAX)?;
        section.check("ping_every_ms", self.ping_every_ms, 1..=WAIT_MS_MAX)?;
        section.check("connect_ms", self.connect_ms, 1..=WAIT_MS_MAX)?;
        section.check("manifest_ms", self.manifest_ms, 1..=WAIT_MS_MAX)?;
        section.check("accept_ms", self.accept_ms, ACCEPT_MS_MIN..=WAIT_MS_MAX)?;
        section.check("run_grace_ms", self.run_grace_ms, 0..=WAIT_MS_MAX)?;
        section.check("attempts_max", self.attempts_max, 1..=ATTEMPTS_MAX)?;
        let first = self.first_attempts_max;
        section.check("first_attempts_max", first, 1..=ATTEMPTS_MAX)?;
        // A miner that is alive answers a ping, and so is never silent for longer than from one ping to the next.
        let silent_min = self.ping_every_ms + 1;
        section.check(
            "silent_ms_max",
            self.silent_ms_max,
            silent_min..=2 * WAIT_MS_MAX,
        )
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
            fault(json!({ "accept_ms": 9_999 })),
            "config.horde_miners.accept_ms: 9999 is not between 10000 and 3600000"
        );
        let text = fault(json!({ "silent_ms_max": 20_000 }));
        assert!(text.contains("silent_ms_max: 20000 is not between 20001"));
        assert!(fault(json!({ "attempts_max": 0 })).contains("attempts_max"));
        assert!(fault(json!({ "frame_bytes_max": 0 })).contains("frame_bytes_max"));
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "key",
            "allow_private",
            "frame_bytes_max",
            "ping_every_ms",
            "silent_ms_max",
            "connect_ms",
            "attempts_max",
            "first_attempts_max",
            "manifest_ms",
            "accept_ms",
            "run_grace_ms",
        ];
        check_example_config::<Config>(example, "horde_miners", &optional);
    }
}
