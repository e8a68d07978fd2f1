//! The score of one job whose answer is right (section 3.5).

use super::version::WeightsVersion;

/// Time that an LLM job may run.
pub const LLM_TIMEOUT_SECONDS: u32 = 48;

/// What kind of work a job was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// A hash job, made and scored by this version.
    Hash(WeightsVersion),
    /// Prompts for a language model.
    Llm,
}

/// Why a job with the right answer is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum JobFailure {
    /// The answer came before the request was sent.
    #[error("the answer came {taken_seconds} s after the request, so before it")]
    OutOfOrder {
        /// Seconds from request to answer: not above 0, or not a number.
        taken_seconds: f64,
    },
    /// The answer came after the time that the job had.
    #[error("the answer took {taken_seconds} s of {timeout_seconds} s")]
    Late {
        /// Seconds from request to answer.
        taken_seconds: f64,
        /// Seconds that the job had.
        timeout_seconds: u32,
    },
}

/// The score of a right answer that came `taken_seconds` after its request, without bonus.
///
/// # Errors
///
/// [`JobFailure`] if the answer came too late or too early.
pub fn job_score(
    kind: JobKind,
    taken_seconds: f64,
    timeout_seconds: u32,
) -> Result<f64, JobFailure> {
    if taken_seconds.is_nan() || taken_seconds <= 0.0 {
        return Err(JobFailure::OutOfOrder { taken_seconds });
    }
    if taken_seconds > timeout_seconds.into() {
        return Err(JobFailure::Late {
            taken_seconds,
            timeout_seconds,
        });
    }
    Ok(match kind {
        JobKind::Hash(WeightsVersion::V0) => hash_v0_score(taken_seconds, timeout_seconds),
        JobKind::Hash(WeightsVersion::V1 | WeightsVersion::V2) => 1.0 / taken_seconds,
        JobKind::Hash(WeightsVersion::V3 | WeightsVersion::V4) | JobKind::Llm => 1.0,
    })
}

/// The score of version 0: from 2 for an answer at once down to 1 for one in the last moment.
fn hash_v0_score(taken_seconds: f64, timeout_seconds: u32) -> f64 {
    2.0 * (1.0 - taken_seconds / (2.0 * f64::from(timeout_seconds)))
}
