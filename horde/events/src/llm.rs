//! Prompts with known answers, by which miners of the class `always_on.llm.a6000` are tested (section 3.8).

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

use crate::ExecutorsOf;

/// `horde_llm_samples_wanted`: asks `horde_crossval` for a sample for each executor. It answers each with one
/// [`LlmSamplesGiven`], in less than a second.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LlmSamplesWanted {
    /// Comes back with the samples.
    pub ask: u64,
    /// The batch that they are for. What is asked for one batch at the same time is shared out together.
    pub batch: String,
    /// Comes back with the samples.
    pub kind: String,
    /// The miners.
    pub miners: Vec<ExecutorsOf>,
}

impl Event for LlmSamplesWanted {
    const NAME: &'static str = "horde_llm_samples_wanted";
}

/// A prompt and the trusted miner's answer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SolvedPrompt {
    /// The prompt.
    pub prompt: String,
    /// Its answer.
    pub answer: String,
}

/// A sample of a series of prompts, for one job.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LlmSample {
    /// SS58 address of the miner that gets the series.
    pub hotkey: String,
    /// Name of the files of the job, a version 4 UUID that nobody else knows.
    pub file: String,
    /// URL of the series.
    pub series_url: String,
    /// Seed of the answers.
    pub seed: u32,
    /// URL for the PUT of the answers. Whoever has it can write them.
    pub upload_url: String,
    /// URL from which they can be read.
    pub answers_url: String,
    /// URL of an object in the same bucket that is there: it can be read if answers can.
    pub control_url: String,
    /// The prompts that were sampled. Secret while the job runs.
    pub prompts: Vec<SolvedPrompt>,
}

/// `horde_llm_samples`: samples, each given once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LlmSamplesGiven {
    /// The [`LlmSamplesWanted`] that is answered.
    pub ask: u64,
    /// The batch that they are for.
    pub batch: String,
    /// The kind that has asked.
    pub kind: String,
    /// The samples, fewer than wanted if the pool has no more.
    pub samples: Vec<LlmSample>,
    /// Why they are fewer.
    pub shortage: Option<String>,
}

impl Event for LlmSamplesGiven {
    const NAME: &'static str = "horde_llm_samples";
}
