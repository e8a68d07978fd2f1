//! The values, with the defaults of the validator of November 2024 (section 3.10).

use std::collections::BTreeMap;

use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};
use tig_plugin_api::{Context, Event, Result};

/// Key under which an extension stores the last one that it has received.
const STORED: &str = "dynamic_config";

/// `horde_dynamic_config`: all values that are in force. Emitted when it changes and after each start of `horde_report`; only the latest
/// one waits for a busy handler. Where `horde_report` has never run, nobody
/// has emitted it, and the sections of the config file decide; where it was removed, its last values stay in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct DynamicConfig {
    /// `SERVING`: batches run and weights are set.
    pub serving: bool,
    /// `DYNAMIC_MANIFEST_SCORE_MULTIPLIER`.
    pub manifest_score_multiplier: f64,
    /// `DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD`.
    pub manifest_dance_ratio_threshold: f64,
    /// `DYNAMIC_WEIGHTS_VERSION`: how jobs are made and scored, 0 to 4.
    pub weights_version: u64,
    /// `DYNAMIC_SYNTHETIC_JOBS_PLANNER_WAIT_IN_ADVANCE_BLOCKS`.
    pub planner_wait_in_advance_blocks: u32,
    /// `DYNAMIC_SYNTHETIC_JOBS_PLANNER_MAX_OVERSLEEP_BLOCKS`.
    pub planner_max_oversleep_blocks: u32,
    /// `DYNAMIC_BLOCK_FINALIZATION_NUMBER`.
    pub block_finalization_number: u32,
    /// `DYNAMIC_COMMIT_REVEAL_*`.
    pub commit_reveal: CommitReveal,
    /// `DYNAMIC_MAX_WEIGHT`: the largest weight of a commitment.
    pub max_weight: u16,
    /// `DYNAMIC_WEIGHT_REVEALING_TTL`, in seconds.
    pub weight_revealing_ttl: u32,
    /// `DYNAMIC_WEIGHT_REVEALING_ATTEMPTS`.
    pub weight_revealing_attempts: u32,
    /// `DYNAMIC_WEIGHT_REVEALING_FAILURE_BACKOFF`, in seconds.
    pub weight_revealing_failure_backoff: u32,
    /// `DYNAMIC_MAX_PROMPT_SERIES`.
    pub max_prompt_series: u32,
    /// `DYNAMIC_TARGET_NUMBER_OF_PROMPT_SAMPLES_READY`.
    pub target_number_of_prompt_samples_ready: u32,
    /// `DYNAMIC_NUMBER_OF_PROMPTS_PER_WORKLOAD`.
    pub number_of_prompts_per_workload: u32,
    /// `DYNAMIC_PROMPTS_SERIES_IN_A_SINGLE_GENERATION`.
    pub prompts_series_in_a_single_generation: u32,
    /// `DYNAMIC_NUMBER_OF_PROMPTS_IN_SERIES`.
    pub number_of_prompts_in_series: u32,
    /// `DYNAMIC_NUMBER_OF_PROMPTS_TO_SAMPLE_FROM_SERIES`.
    pub number_of_prompts_to_sample_from_series: u32,
    /// `DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS`. Classes that are not named have no limit of their own.
    pub miner_max_executors_per_class: BTreeMap<ExecutorClass, u32>,
    /// `DYNAMIC_EXECUTOR_CLASS_WEIGHTS`. Classes that are not named do not count.
    pub executor_class_weights: BTreeMap<ExecutorClass, f64>,
    /// `DYNAMIC_ORGANIC_JOB_TIMEOUT`, in seconds.
    pub organic_job_timeout: u32,
    /// `DYNAMIC_ORGANIC_JOB_MAX_RETRIES`: attempts at different miners.
    pub organic_job_max_retries: u32,
}

/// How weights are committed to and revealed (section 3.7).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct CommitReveal {
    /// `DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED`.
    pub enabled: bool,
    /// `DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL`, in blocks.
    pub interval: u32,
    /// `DYNAMIC_COMMIT_REVEAL_COMMIT_START_OFFSET`, in blocks.
    pub commit_start_offset: u32,
    /// `DYNAMIC_COMMIT_REVEAL_COMMIT_END_BUFFER`, in blocks.
    pub commit_end_buffer: u32,
    /// `DYNAMIC_COMMIT_REVEAL_REVEAL_END_BUFFER`, in blocks.
    pub reveal_end_buffer: u32,
}

impl Default for CommitReveal {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: 722,
            commit_start_offset: 361,
            commit_end_buffer: 15,
            reveal_end_buffer: 15,
        }
    }
}

impl Default for DynamicConfig {
    fn default() -> Self {
        Self {
            serving: true,
            manifest_score_multiplier: 1.05,
            manifest_dance_ratio_threshold: 1.4,
            weights_version: 1,
            planner_wait_in_advance_blocks: 3,
            planner_max_oversleep_blocks: 3,
            block_finalization_number: 3,
            commit_reveal: CommitReveal::default(),
            max_weight: u16::MAX,
            weight_revealing_ttl: 120,
            weight_revealing_attempts: 50,
            weight_revealing_failure_backoff: 5,
            max_prompt_series: 3500,
            target_number_of_prompt_samples_ready: 1536,
            number_of_prompts_per_workload: 240,
            prompts_series_in_a_single_generation: 25,
            number_of_prompts_in_series: 240,
            number_of_prompts_to_sample_from_series: 1,
            miner_max_executors_per_class: [(ExecutorClass::AlwaysOnLlmA6000, 2)].into(),
            executor_class_weights: [
                (ExecutorClass::SpinUp4MinGpu24Gb, 99.0),
                (ExecutorClass::AlwaysOnLlmA6000, 1.0),
            ]
            .into(),
            organic_job_timeout: 300,
            organic_job_max_retries: 3,
        }
    }
}

impl Event for DynamicConfig {
    const NAME: &'static str = "horde_dynamic_config";
    const LATEST: bool = true;
}

impl DynamicConfig {
    /// The one that this extension has received last, if it has received one.
    ///
    /// # Errors
    ///
    /// The host's, if the store cannot be read.
    pub fn stored(ctx: &mut Context<'_>) -> Result<Option<Self>> {
        ctx.get_sound(STORED)
    }

    /// Stores it for the next start of this extension.
    ///
    /// # Errors
    ///
    /// The host's, if the store cannot be written.
    pub fn store(&self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.put(STORED, self)
    }
}
