//! The keys: name, bounds, and the field of each.

use serde_json::Value;

use crate::field::{Bounds, Held, ValueFault, cut};
use crate::values::DynamicConfig;

/// The key that only an operator sets (section 2.8): no file can.
pub(crate) const SERVING: &str = "SERVING";

/// Keys of the earlier validator that this one has no use for: of its polls, of the process that it kills, of a flow that it had
/// before November 2024, of a wait that is within the time of a whole job.
const UNUSED: [&str; 4] = [
    "DYNAMIC_ORGANIC_JOB_WAIT_TIMEOUT",
    "DYNAMIC_SYNTHETIC_JOBS_FLOW_VERSION",
    "DYNAMIC_SYNTHETIC_JOBS_PLANNER_POLL_INTERVAL",
    "DYNAMIC_WEIGHT_REVEALING_HARD_TTL",
];

/// Why a key could not be read or set by an operator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// There is no such key.
    #[error("key {key:?} is unknown; `constance_list` shows all keys")]
    UnknownKey {
        /// The name, cut.
        key: String,
    },
    /// This validator does not use the key of the earlier one.
    #[error("key {key} is not used by this validator")]
    Unused {
        /// The name.
        key: &'static str,
    },
    /// The value has a fault.
    #[error("{key}: {fault}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong.
        fault: ValueFault,
    },
}

/// A key of the dynamic config.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    bounds: Bounds,
    text: fn(&DynamicConfig) -> String,
    set: fn(&mut DynamicConfig, &Value, Bounds) -> Result<(), ValueFault>,
}

macro_rules! keys {
    ($($name:literal $min:literal ..= $max:literal $field:ident $(. $sub:ident)?;)+) => {
        &[$(Key {
            name: $name,
            bounds: Bounds { min: $min as f64, max: $max as f64 },
            text: |config| config.$field$(.$sub)?.text(),
            set: |config, value, bounds| config.$field$(.$sub)?.set(value, bounds),
        }),+]
    };
}

/// All keys. Bounds are those within which a validator still does its duties; those of the reference have none. The first slot of
/// a cycle is 24 blocks after its begin, and slots are 29 blocks apart.
const KEYS: &[Key] = keys! {
    "SERVING" 0..=1 serving;
    "DYNAMIC_MANIFEST_SCORE_MULTIPLIER" 1..=100 manifest_score_multiplier;
    "DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD" 1..=100 manifest_dance_ratio_threshold;
    "DYNAMIC_WEIGHTS_VERSION" 0..=4 weights_version;
    "DYNAMIC_SYNTHETIC_JOBS_PLANNER_WAIT_IN_ADVANCE_BLOCKS" 0..=100 planner_wait_in_advance_blocks;
    "DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS" 0..=29 planner_max_oversleep_blocks;
    "DYNAMIC_BLOCK_FINALIZATION_NUMBER" 0..=24 block_finalization_number;
    "DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED" 0..=1 commit_reveal.enabled;
    "DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL" 1..=1_000_000 commit_reveal.interval;
    "DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET" 0..=1_000_000 commit_reveal.commit_start_offset;
    "DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER" 0..=1_000_000 commit_reveal.commit_end_buffer;
    "DYNAMIC_COMMIT_REVEAL_REVEAL_END_BUFFER" 0..=1_000_000 commit_reveal.reveal_end_buffer;
    "DYNAMIC_MAX_WEIGHT" 1..=65_535 max_weight;
    "DYNAMIC_WEIGHT_REVEALING_TTL" 1..=3_600 weight_revealing_ttl;
    "DYNAMIC_WEIGHT_REVEALING_ATTEMPTS" 1..=1_000 weight_revealing_attempts;
    "DYNAMIC_WEIGHT_REVEALING_FAILURE_BACKOFF" 0..=3_600 weight_revealing_failure_backoff;
    "DYNAMIC_MAX_PROMPT_SERIES" 0..=1_000_000 max_prompt_series;
    "DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY" 0..=1_000_000 target_number_of_prompt_samples_ready;
    "DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD" 1..=100_000 number_of_prompts_per_workload;
    "DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION" 1..=10_000 prompts_series_in_a_single_generation;
    "DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES" 1..=100_000 number_of_prompts_in_series;
    "DYNAMIC_NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES" 1..=100_000 number_of_prompts_to_sample_from_series;
    "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS" 0..=10_000 miner_max_executors_per_class;
    "DYNAMIC_EXECUTOR_CLASS_WEIGHTS" 0..=1_000_000 executor_class_weights;
    "DYNAMIC_ORGANIC_JOB_TIMEOUT" 1..=86_400 organic_job_timeout;
    "DYNAMIC_ORGANIC_JOB_MAX_RETRIES" 1..=100 organic_job_max_retries;
};

impl Key {
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        KEYS.iter()
    }

    pub(crate) fn text(&self, config: &DynamicConfig) -> String {
        (self.text)(config)
    }

    /// Leaves the config as it was if the value has a fault.
    pub(crate) fn set(&self, config: &mut DynamicConfig, value: &Value) -> Result<(), ValueFault> {
        (self.set)(config, value, self.bounds)
    }
}

/// The name of a key of the earlier validator that this one has no use for.
pub(crate) fn find_unused(name: &str) -> Option<&'static str> {
    UNUSED.into_iter().find(|unused| *unused == name)
}

impl DynamicConfig {
    /// The names of all keys, `DYNAMIC_*` and `SERVING`.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        Key::all().map(|key| key.name)
    }

    /// The value of a key as text.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for a key that is unknown or unused.
    pub fn get(&self, key: &str) -> Result<String, KeyError> {
        find(key).map(|key| key.text(self))
    }

    /// Sets a key to a value that is written as text: `true`, `3`, `1.05` or `class=number,class=number`.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; then the config is left as it was.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), KeyError> {
        let known = find(key)?;
        known
            .set(self, &value_from_text(text))
            .map_err(|fault| KeyError::Value {
                key: known.name,
                fault,
            })
    }
}

fn find(key: &str) -> Result<&'static Key, KeyError> {
    Key::find(key).ok_or_else(|| match find_unused(key) {
        Some(key) => KeyError::Unused { key },
        None => KeyError::UnknownKey { key: cut(key) },
    })
}

/// A text that is the JSON of a number, `true` or `false` is that; any other one is a text.
fn value_from_text(text: &str) -> Value {
    let text = text.trim();
    match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::from(text),
    }
}
