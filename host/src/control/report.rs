//! What a running host replies to its operator: written by the admin socket, read by the command line.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tig_plugin_api::{CommandInfo, Ticket};
use tig_process::error_chain::error_chain;

use crate::lifecycle::reload::{Attempt, Outcome, ReloadError};
use crate::observe::conditions::StandingCondition;
use crate::observe::status::ExtensionStatus;
use crate::runtime::bus::RecentEvent;

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
    /// Address of the operator's page, if an extension contributes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Its extensions, in the config's order.
    pub extensions: Vec<ExtensionStatus>,
    /// What it and its extensions report of their state, the most severe first.
    #[serde(default)]
    pub conditions: Vec<ConditionReport>,
}

/// A condition of an extension or of the host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct ConditionReport {
    /// Name of the extension; `host` for the host's own.
    pub extension: String,
    /// What is so, and since when.
    #[serde(flatten)]
    pub standing: StandingCondition,
}

/// All conditions.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ConditionsReport {
    /// The most severe first.
    pub conditions: Vec<ConditionReport>,
    /// Now, in Unix milliseconds.
    pub at_ms: u64,
}

/// The panels of all running extensions.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct PanelsReport {
    /// In the config's order.
    pub panels: Vec<PanelInfo>,
}

/// A panel.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct PanelInfo {
    /// Last part of its path.
    pub name: String,
    /// The extension that contributes it.
    pub extension: String,
}

/// A part of the latest events.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct EventsReport {
    /// In their order.
    pub events: Vec<EventReport>,
    /// What to ask for next as `after`.
    pub next: u64,
    /// Events after the one asked for that are no longer kept, whatever their extension and name.
    pub lost: u64,
}

/// An event that was published.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct EventReport {
    /// Its number; numbers grow, also across restarts.
    pub seq: u64,
    /// When it was published, in Unix milliseconds.
    pub at_ms: u64,
    /// Who emitted it; `host` for the host.
    pub extension: String,
    /// Its name.
    pub name: String,
    /// Its arguments; if they are long, a text with their beginning.
    pub payload: Box<RawValue>,
    /// Whether the end of the payload is left out.
    #[serde(default)]
    pub is_cut: bool,
}

impl EventReport {
    /// The report of an event.
    #[must_use]
    pub(crate) fn new(found: &RecentEvent) -> Self {
        let payload = &found.event.payload;
        let whole = if found.is_cut() {
            None
        } else {
            serde_json::from_slice(payload).ok()
        };
        let text = || serde_json::value::to_raw_value(&String::from_utf8_lossy(payload));
        Self {
            seq: found.seq,
            at_ms: found.at_ms,
            extension: found.emitter.to_string(),
            name: found.event.name.to_string(),
            // A text always has a JSON form.
            payload: whole.or_else(|| text().ok()).unwrap_or_default(),
            is_cut: found.is_cut(),
        }
    }
}

/// What came of a call within the time that its caller waits.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct CallReport {
    /// Exit code; none if the command still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// The result; none if the command still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// The last lines of progress.
    pub progress: VecDeque<String>,
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
