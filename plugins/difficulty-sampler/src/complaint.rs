//! Why a challenge is not drawn from its grid.

use tig_plugin_api::{Condition, Severity};

use crate::block::BadChallenge;
use crate::sampler::Source;

/// What is wrong with a challenge, for the log and as a condition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Complaint {
    code: &'static str,
    severity: Severity,
    /// Name of the challenge, or its id if the name is not known.
    challenge: String,
    pub(crate) text: String,
    remedy: &'static str,
}

impl Complaint {
    /// `None` if the challenge is drawn from its grid.
    pub(crate) fn of(
        challenge_id: &str,
        name: &str,
        source: &Result<Source, BadChallenge>,
    ) -> Option<Self> {
        match source {
            Ok(Source::Grid) => None,
            Ok(Source::Frontiers { cells }) => Some(Self {
                code: "grid_too_large",
                severity: Severity::Info,
                challenge: name.to_owned(),
                text: format!(
                    "{challenge_id}: the grid would have {cells} cells: only frontier points are drawn"
                ),
                remedy: "lower padding_factor in config.difficulty_sampler if it is above the default",
            }),
            Err(error) => Some(Self::no_grid(challenge_id, name, error)),
        }
    }

    pub(crate) fn no_grid(challenge_id: &str, name: &str, error: &BadChallenge) -> Self {
        Self {
            code: "no_grid",
            severity: Severity::Warning,
            challenge: name.to_owned(),
            text: format!("{challenge_id}: no samples: {error}"),
            remedy: "wait for the next block; if it stays, the network's data may have a new form that a newer version knows",
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn condition(&self) -> Condition {
        Condition::new(self.code, self.severity, self.text.as_str())
            .about(self.challenge.as_str())
            .with_remedy(self.remedy)
    }
}
