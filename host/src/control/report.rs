//! What a running host replies to its operator: written by the admin socket, read by the command line.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_plugin_api::{CommandInfo, Ticket};
use tig_process::error_chain::error_chain;

use crate::lifecycle::reload::{Attempt, Outcome, ReloadError};
use crate::observe::status::ExtensionStatus;

/// A host as its operator sees it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct HostStatus {
    /// Version of the host.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// Where it listens.
    pub address: String,
    /// Seconds since its start.
    pub uptime_seconds: u64,
    /// Extensions begin no new work, and the host will end.
    pub draining: bool,
    /// Its extensions, in the config's order.
    pub extensions: Vec<ExtensionStatus>,
}

/// The reply to a reload or a promotion.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct ReloadReport {
    /// One for each extension that was to be reloaded.
    pub reloads: Vec<ExtensionReload>,
}

impl ReloadReport {
    /// The report of attempts on several extensions.
    #[must_use]
    pub(crate) fn from_attempts(attempts: &[Attempt]) -> Self {
        let reload = |attempt: &Attempt| ExtensionReload::new(&attempt.name, &attempt.outcome);
        Self {
            reloads: attempts.iter().map(reload).collect(),
        }
    }

    /// The report of one extension that was reloaded.
    #[must_use]
    pub(crate) fn from_outcome(name: &str, outcome: Outcome) -> Self {
        Self {
            reloads: vec![ExtensionReload::new(name, &Ok(outcome))],
        }
    }
}

/// What became of one extension.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct ExtensionReload {
    /// Its name.
    pub name: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: ReportedOutcome,
}

/// See [`Outcome`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum ReportedOutcome {
    /// A version has taken over.
    Reloaded {
        /// Version that ran.
        from: String,
        /// Version that runs.
        to: String,
    },
    /// The file and its settings are those that run.
    Unchanged {
        /// Version that runs.
        version: String,
    },
    /// The config lists it now.
    Added {
        /// Version that runs.
        version: String,
    },
    /// The config does not list it any more.
    Removed {
        /// Version that ran.
        version: String,
    },
    /// The running version keeps running.
    Refused {
        /// Why.
        reason: String,
    },
    /// An outcome that only a newer host knows.
    #[serde(other)]
    Unknown,
}

impl From<Outcome> for ReportedOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Reloaded { from, to } => Self::Reloaded { from, to },
            Outcome::Unchanged { version } => Self::Unchanged { version },
            Outcome::Added { version } => Self::Added { version },
            Outcome::Removed { version } => Self::Removed { version },
        }
    }
}

impl ExtensionReload {
    fn new(name: &str, outcome: &Result<Outcome, ReloadError>) -> Self {
        let outcome = match outcome {
            Ok(outcome) => outcome.clone().into(),
            Err(error) => ReportedOutcome::Refused {
                reason: error_chain(error),
            },
        };
        Self {
            name: name.to_owned(),
            outcome,
        }
    }
}

/// The reply to a request that failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct FailureReport {
    /// Why, for people.
    pub error: String,
}

/// What a shadow is started with.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ShadowRequest {
    /// The shadow's plugin file, as an absolute path.
    pub file: std::path::PathBuf,
}

/// What a drain is asked with.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct DrainRequest {
    /// The host ends after this time, whatever is unfinished; `None` for no limit.
    pub seconds_max: Option<u64>,
}

/// The commands of all running extensions.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct CommandsReport {
    /// In the config's order.
    pub extensions: Vec<ExtensionCommands>,
}

/// The commands of one extension.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ExtensionCommands {
    /// Its name.
    pub name: String,
    /// Version that runs.
    pub version: String,
    /// Its commands, in the order of its source.
    pub commands: Vec<CommandInfo>,
}

/// One line of the reply to a call. The last is [`CallLine::Finished`] or [`CallLine::Error`].
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallLine {
    /// The command has started.
    Started {
        /// Names the call to the extension.
        ticket: Ticket,
    },
    /// A line of text of the extension.
    Progress(String),
    /// The command has ended.
    Finished {
        /// Exit code for the caller.
        code: u8,
        /// The result.
        value: Box<RawValue>,
    },
    /// The end of the command is not known.
    Error(String),
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn report_reads_back_as_it_was_written() {
        let text = |text: &str| text.to_owned();
        let outcomes = [
            ReportedOutcome::Reloaded {
                from: text("1"),
                to: text("2"),
            },
            ReportedOutcome::Unchanged { version: text("1") },
            ReportedOutcome::Added { version: text("1") },
            ReportedOutcome::Removed { version: text("1") },
            ReportedOutcome::Refused { reason: text("no") },
        ];
        let name = text("a");
        let reloads = outcomes.map(|outcome| ExtensionReload {
            name: name.clone(),
            outcome,
        });
        let report = ReloadReport {
            reloads: reloads.into(),
        };
        let written = json!(report);
        assert_eq!(
            written["reloads"][0],
            json!({ "name": "a", "outcome": "reloaded", "from": "1", "to": "2" })
        );
        assert_eq!(
            serde_json::from_value::<ReloadReport>(written).unwrap(),
            report
        );
    }

    #[test]
    fn outcome_of_a_newer_host_is_unknown() {
        let newer = |value: Value| serde_json::from_value::<ExtensionReload>(value).unwrap();
        let reload = newer(json!({ "name": "a", "outcome": "postponed", "until": 7 }));
        assert_eq!(reload.outcome, ReportedOutcome::Unknown);
    }
}
