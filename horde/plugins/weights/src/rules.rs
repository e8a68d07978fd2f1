//! The rules in force: those of dynamic config where there is one, else those of the config section.

use horde_calc::weights::{CommitSettings, WeightLimits};
use horde_dynamic::DynamicConfig;

use crate::config::{Config, Mode};

/// How weights are sent now.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) netuid: u16,
    pub(crate) mode: Mode,
    /// The mode of the section, which a dynamic config may have replaced.
    pub(crate) configured_mode: Mode,
    /// Whether the numbers of the section are those of a dynamic config.
    pub(crate) is_dynamic: bool,
    /// Whether this validator sets weights at all.
    pub(crate) serving: bool,
    pub(crate) version_key: u64,
    /// The largest weight of a commitment.
    pub(crate) max_weight: u16,
    /// Those of the config, for a chain service that does not say the subnet's.
    pub(crate) limits: WeightLimits,
    pub(crate) intervals: CommitSettings,
    pub(crate) finality_blocks: u32,
    /// Blocks after which Pylon is asked once more.
    pub(crate) repeat_blocks: u32,
    pub(crate) send: AttemptRules,
    pub(crate) reveal: AttemptRules,
    /// Milliseconds from a refusal to the next attempt.
    pub(crate) refused_ms: u64,
    /// Milliseconds from the first attempt or reading that failed to the next one.
    pub(crate) failed_ms: u64,
}

/// Bounds of the attempts at one thing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptRules {
    /// How long one may take.
    pub(crate) timeout_ms: u64,
    /// How many there may be.
    pub(crate) count_max: u32,
}

impl Rules {
    pub(crate) fn new(config: &Config, dynamic: Option<&DynamicConfig>) -> Self {
        let mut rules = Self::from_config(config);
        if let Some(dynamic) = dynamic {
            rules.replace(dynamic);
        }
        rules
    }

    fn from_config(config: &Config) -> Self {
        Self {
            netuid: config.netuid,
            mode: config.mode,
            configured_mode: config.mode,
            is_dynamic: false,
            serving: true,
            version_key: config.version_key,
            max_weight: config.max_weight,
            limits: WeightLimits {
                count_min: config.min_allowed_weights as usize,
                share_max: config.max_weight_limit,
            },
            intervals: CommitSettings {
                interval_blocks: config.interval_blocks,
                commit_offset_blocks: config.commit_start_offset,
                commit_buffer_blocks: config.commit_end_buffer,
                reveal_buffer_blocks: config.reveal_end_buffer,
            },
            finality_blocks: config.finality_blocks,
            repeat_blocks: config.repeat_blocks,
            send: AttemptRules {
                timeout_ms: config.send_timeout_ms,
                count_max: config.send_attempts_max,
            },
            reveal: AttemptRules {
                timeout_ms: config.reveal_timeout_ms,
                count_max: config.reveal_attempts_max,
            },
            refused_ms: config.refused_ms,
            failed_ms: config.failed_ms,
        }
    }

    fn replace(&mut self, dynamic: &DynamicConfig) {
        let commit_reveal = dynamic.commit_reveal;
        self.is_dynamic = true;
        // Only the operator knows whether there is a Pylon, and which chain has no commitments.
        if self.mode == Mode::CommitReveal && !commit_reveal.enabled {
            self.mode = Mode::Direct;
        }
        self.serving = dynamic.serving;
        self.max_weight = dynamic.max_weight;
        self.intervals = CommitSettings {
            interval_blocks: commit_reveal.interval,
            commit_offset_blocks: commit_reveal.commit_start_offset,
            commit_buffer_blocks: commit_reveal.commit_end_buffer,
            reveal_buffer_blocks: commit_reveal.reveal_end_buffer,
        };
        self.finality_blocks = dynamic.block_finalization_number;
        self.reveal = AttemptRules {
            timeout_ms: u64::from(dynamic.weight_revealing_ttl) * 1_000,
            count_max: dynamic.weight_revealing_attempts,
        };
        self.refused_ms = u64::from(dynamic.weight_revealing_failure_backoff) * 1_000;
    }
}

#[cfg(test)]
mod tests {
    use horde_dynamic::CommitReveal;

    use super::*;

    #[test]
    fn dynamic_config_replaces_the_section() {
        let config = Config {
            mode: Mode::CommitReveal,
            ..Config::default()
        };
        let dynamic = DynamicConfig {
            serving: false,
            weight_revealing_attempts: 7,
            commit_reveal: CommitReveal {
                interval: 100,
                ..CommitReveal::default()
            },
            ..DynamicConfig::default()
        };
        let rules = Rules::new(&config, Some(&dynamic));
        assert!(!rules.serving);
        assert_eq!(rules.mode, Mode::CommitReveal);
        assert_eq!(rules.reveal.count_max, 7);
        assert_eq!(rules.intervals.interval_blocks, 100);
    }

    #[test]
    fn commitments_switched_off_are_set_directly() {
        let mut dynamic = DynamicConfig::default();
        let mode = |mode, dynamic: &DynamicConfig| {
            let config = Config {
                mode,
                ..Config::default()
            };
            Rules::new(&config, Some(dynamic)).mode
        };
        assert_eq!(mode(Mode::Direct, &dynamic), Mode::Direct);
        dynamic.commit_reveal.enabled = false;
        assert_eq!(mode(Mode::CommitReveal, &dynamic), Mode::Direct);
        assert_eq!(mode(Mode::Pylon, &dynamic), Mode::Pylon);
    }
}
