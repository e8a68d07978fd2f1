//! The config section: by which way weights go to the chain, and the rules of the subnet.

use horde_extension::Section;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result, bail};

/// Longest time that a config may give for anything, in milliseconds.
const WAIT_MS_MAX: u64 = 3_600_000;

/// The way by which weights go to the chain.
#[derive(Clone, Copy, ConfigSchema, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Pylon sets them, by whatever way the chain has.
    Pylon,
    /// They are set at once.
    Direct,
    /// Their hash is committed to, and they are revealed one interval later.
    CommitReveal,
}

impl Mode {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pylon => "pylon",
            Self::Direct => "direct",
            Self::CommitReveal => "commit_reveal",
        }
    }
}

// Defaults are those of the ComputeHorde specification, sections 3.7 and 3.10, unless said otherwise.
/// `config.horde_weights`.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Name of the host's key that is the validator's hotkey.
    pub(crate) key: String,
    /// Number of the subnet; the store belongs to it.
    pub(crate) netuid: u16,
    /// `pylon`: the chain service sets weights by whatever way the chain has. `direct`: they are set at once. `commit_reveal`: they are
    /// committed to and revealed by this validator.
    pub(crate) mode: Mode,
    /// Version of the weights.
    pub(crate) version_key: u64,
    /// The largest weight of a commitment, unless a dynamic config says otherwise.
    pub(crate) max_weight: u16,
    /// Neurons that get a weight, at least, where the chain service does not say the subnet's own number.
    pub(crate) min_allowed_weights: u32,
    /// Share of one neuron, at most, from 0 to 1, where the chain service does not say the subnet's own.
    pub(crate) max_weight_limit: f64,
    /// Blocks of an interval of commit and reveal, the chain's own number, unless a dynamic config says otherwise.
    pub(crate) interval_blocks: u32,
    /// Block of an interval from which on weights are committed to, unless a dynamic config says otherwise.
    pub(crate) commit_start_offset: u32,
    /// Blocks before the end of an interval in which no commit begins, unless a dynamic config says otherwise.
    pub(crate) commit_end_buffer: u32,
    /// Blocks before the first commit in which no reveal begins, unless a dynamic config says otherwise.
    pub(crate) reveal_end_buffer: u32,
    /// Blocks behind the newest one from which on a block counts as final, unless a dynamic config says otherwise.
    pub(crate) finality_blocks: u32,
    /// Blocks after which weights are sent to Pylon once more if they are not set by then: Pylon gives up silently.
    pub(crate) repeat_blocks: u32,
    /// Milliseconds of an attempt to set weights or to commit to them.
    pub(crate) send_timeout_ms: u64,
    /// Milliseconds of an attempt to reveal them, unless a dynamic config says otherwise.
    pub(crate) reveal_timeout_ms: u64,
    /// Attempts to set weights or to commit to them, for each cycle.
    pub(crate) send_attempts_max: u32,
    /// Attempts to reveal them, unless a dynamic config says otherwise.
    pub(crate) reveal_attempts_max: u32,
    /// Milliseconds from a refusal to the next attempt, unless a dynamic config says otherwise.
    pub(crate) refused_ms: u64,
    /// Milliseconds from an attempt or a reading that failed, or was not answered, to the next one; doubled for each further one in a
    /// row, up to 30 times as long. An attempt waits for the next block, too.
    pub(crate) failed_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key: "hotkey".to_owned(),
            netuid: 12,
            mode: Mode::Pylon,
            version_key: 2,
            max_weight: u16::MAX,
            min_allowed_weights: 1,
            max_weight_limit: 1.0,
            interval_blocks: 722,
            commit_start_offset: 361,
            commit_end_buffer: 15,
            reveal_end_buffer: 15,
            finality_blocks: 3,
            repeat_blocks: 100,
            send_timeout_ms: 60_000,
            reveal_timeout_ms: 120_000,
            send_attempts_max: 100,
            reveal_attempts_max: 50,
            refused_ms: 5_000,
            failed_ms: 1_000,
        }
    }
}

impl Config {
    /// # Errors
    ///
    /// A number by which no weights could be set.
    pub(crate) fn check(&self) -> Result<()> {
        if !(self.max_weight_limit > 0.0 && self.max_weight_limit <= 1.0) {
            bail!(
                "config.horde_weights.max_weight_limit: {} is not above 0 and at most 1",
                self.max_weight_limit
            );
        }
        if self.max_weight == 0 {
            bail!("config.horde_weights.max_weight: with 0 each weight would be 0");
        }
        if self
            .commit_start_offset
            .saturating_add(self.commit_end_buffer)
            >= self.interval_blocks
        {
            bail!(
                "config.horde_weights: no block is left for commits between commit_start_offset {} and commit_end_buffer {} of an interval of {} blocks",
                self.commit_start_offset,
                self.commit_end_buffer,
                self.interval_blocks
            );
        }
        if self.reveal_end_buffer >= self.commit_start_offset {
            bail!(
                "config.horde_weights: no block is left for reveals, since reveal_end_buffer is {} and commit_start_offset {}",
                self.reveal_end_buffer,
                self.commit_start_offset
            );
        }
        let times = [
            ("send_timeout_ms", self.send_timeout_ms),
            ("reveal_timeout_ms", self.reveal_timeout_ms),
            ("refused_ms", self.refused_ms),
            ("failed_ms", self.failed_ms),
        ];
        for (key, value) in times {
            Section("horde_weights").check(key, value, 1..=WAIT_MS_MAX)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::testing::check_example_config;

    use super::*;

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "key",
            "netuid",
            "mode",
            "version_key",
            "max_weight",
            "min_allowed_weights",
            "max_weight_limit",
            "interval_blocks",
            "commit_start_offset",
            "commit_end_buffer",
            "reveal_end_buffer",
            "finality_blocks",
            "repeat_blocks",
            "send_timeout_ms",
            "reveal_timeout_ms",
            "send_attempts_max",
            "reveal_attempts_max",
            "refused_ms",
            "failed_ms",
        ];
        check_example_config::<Config>(example, "horde_weights", &optional);
    }

    #[test]
    fn settings_without_a_window_are_refused() {
        Config::default().check().unwrap();
        for (section, reason) in [
            (r#"{"max_weight_limit": 0}"#, "0 is not above 0"),
            (r#"{"max_weight_limit": 1.5}"#, "1.5 is not above 0"),
            (r#"{"max_weight": 0}"#, "each weight would be 0"),
            (
                r#"{"interval_blocks": 376}"#,
                "no block is left for commits",
            ),
            (
                r#"{"reveal_end_buffer": 361}"#,
                "no block is left for reveals",
            ),
            (
                r#"{"send_timeout_ms": 0}"#,
                "send_timeout_ms: 0 is not between 1",
            ),
            (r#"{"reveal_timeout_ms": 3600001}"#, "reveal_timeout_ms"),
            (r#"{"refused_ms": 0}"#, "refused_ms: 0 is not between 1"),
            (r#"{"failed_ms": 0}"#, "failed_ms: 0 is not between 1"),
        ] {
            let config: Config = serde_json::from_str(section).unwrap();
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(reason), "{section}: {error}");
        }
    }
}
