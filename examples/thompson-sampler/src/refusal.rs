//! Why a challenge of a block has no samples.

use tig_plugin_api::{Condition, Severity};
use tig_protocol::difficulty::{BoundsError, Point};

/// Why a challenge of a block has no samples.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("its record does not decode: {0}")]
    Record(serde_json::Error),
    #[error("the block's config has no difficulty parameters for it")]
    NoParameters,
    #[error("its difficulty parameters do not decode: {0}")]
    Parameters(serde_json::Error),
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    #[error("its block data has no scaling factor")]
    NoScalingFactor,
    #[error("difficulty {0:?} has other than 2 parameters")]
    Dimensions(Point),
    #[error("the {0} frontier is empty")]
    EmptyFrontier(&'static str),
    #[error("no difficulty inside the bounds lies between the two frontiers")]
    NothingAdmissible,
}

/// The condition of a challenge without samples, by its name, or its id if the name is not known.
pub(crate) fn no_region(challenge: &str, reason: &str) -> Condition {
    let text = format!("{challenge}: no samples: {reason}");
    let remedy = "wait for the next block; if it stays, the network's data may have a new form that a newer version knows";
    let condition = Condition::new("no_region", Severity::Warning, text);
    condition.about(challenge).with_remedy(remedy)
}
