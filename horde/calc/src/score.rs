//! What the work of miners is worth: from the answer of a job to one score for each hotkey of a batch.

mod batch;
mod bonus;
mod class_values;
mod horde;
mod job;
mod normalize;
mod version;

pub use batch::{ScoredJob, batch_scores};
pub use bonus::{ManifestBonus, PreviousCount};
pub use class_values::{ClassValue, ParseClassValuesError, parse_class_values};
pub use horde::{HordeSettings, horde_score};
pub use job::{JobFailure, JobKind, LLM_TIMEOUT_SECONDS, job_score};
pub use normalize::normalize;
pub use version::{UnknownWeightsVersion, WeightsVersion};
