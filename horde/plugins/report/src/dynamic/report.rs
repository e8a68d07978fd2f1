//! What came of the fetch of a file.

use serde::Serialize;

use super::fetch::Fetched;
use super::file::HeldFile;
use crate::limits::FAILURES_TOLERATED;

/// How a fetch ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FetchResult {
    /// The file is another one than before, and counts.
    Changed,
    Same,
    /// There is no such file, and there was none.
    Missing,
    /// The file has a fault or does not fit to all else: the last one counts.
    Refused,
    /// The file did not come: the last one counts.
    Failed,
}

/// What came of the last fetch of a file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FetchReport {
    /// When, in Unix milliseconds.
    pub(super) at_ms: u64,
    pub(super) result: FetchResult,
    pub(super) reason: Option<String>,
    /// Failures in a row.
    pub(super) failures: u32,
}

/// Why the values of a file are not those that the network states now.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble<'a> {
    /// The file has a fault or does not fit to all else.
    Refused(&'a str),
    /// The file did not come, more often in a row than is normal.
    NotFetched(&'a str),
}

impl FetchReport {
    /// What an operator must look at, if anything; `fault` is that of the last version of the file that came.
    pub(super) fn trouble<'a>(&'a self, fault: Option<&'a String>) -> Option<Trouble<'a>> {
        if self.failures > FAILURES_TOLERATED {
            let reason = self.reason.as_deref().unwrap_or_default();
            return Some(Trouble::NotFetched(reason));
        }
        fault.map(|fault| Trouble::Refused(fault))
    }
}

impl FetchResult {
    /// Whether what the network states is in force.
    pub(super) fn is_sound(self) -> bool {
        !matches!(self, Self::Refused | Self::Failed)
    }

    /// The word for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Missing => "missing",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What an answer means beside the file that is held, and the new file if it is one.
pub(super) fn judge(
    fetched: Fetched,
    held: Option<&HeldFile>,
    failures: u32,
    now_ms: u64,
) -> (FetchReport, Option<HeldFile>) {
    let (result, reason, new) = match (fetched, held) {
        (Fetched::File { text, .. }, Some(held)) if held.text == text => {
            (FetchResult::Same, None, None)
        }
        (Fetched::File { text, file }, _) => {
            let new = HeldFile {
                text,
                file,
                fetched_ms: now_ms,
            };
            (FetchResult::Changed, None, Some(new))
        }
        (Fetched::Missing, None) => (FetchResult::Missing, None, None),
        (Fetched::Missing, Some(_)) => {
            // An empty file takes values away; a server that has lost one does not.
            let reason = "status 404, and there was such a file".to_owned();
            (FetchResult::Failed, Some(reason), None)
        }
        (Fetched::Refused { reason }, _) => (FetchResult::Refused, Some(reason), None),
        (Fetched::Failed { reason }, _) => (FetchResult::Failed, Some(reason), None),
    };
    let report = FetchReport {
        at_ms: now_ms,
        result,
        reason,
        failures: match result {
            FetchResult::Failed => failures.saturating_add(1),
            _ => 0,
        },
    };
    (report, new)
}
