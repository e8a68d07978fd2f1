//! Violations of the protocol by a validator.

use serde::{Deserialize, Serialize};

/// Violations that are kept; later ones are only counted.
const KEPT_COUNT_MAX: usize = 10_000;

/// A rule that a validator has broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FacilitatorViolationKind {
    /// A frame that is not a message of the protocol.
    Malformed,
    /// A binary frame.
    BinaryFrame,
    /// A frame above 1 MiB.
    FrameTooLarge,
    /// The first frame of a connection is not an authentication.
    NotAuthenticated,
    /// A second authentication on a connection.
    AuthenticatedTwice,
    /// An authentication with a signature that is not valid.
    SignatureInvalid,
    /// No heartbeat for 90 s; they come every 60 s.
    HeartbeatMissing,
    /// A status for a job that was not sent to this validator.
    StatusOfUnknownJob,
    /// A status without `metadata`, at which the reference's handler fails.
    NoMetadata,
    /// `completed` before `accepted`, or `accepted` after the end.
    StatusOutOfOrder,
    /// A second terminal status, other than the first.
    TwoTerminalStatuses,
    /// A status that was answered on the same connection before, more than a second ago.
    AnsweredStatusRepeated,
    /// A status while another one waits for its answer.
    TwoStatusesInFlight,
}

/// A violation of the protocol by a validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacilitatorViolation {
    /// When it was seen, in microseconds since 1970.
    pub at_us: i64,
    /// The connection.
    pub connection: u64,
    /// The rule.
    pub kind: FacilitatorViolationKind,
    /// The job.
    pub job_uuid: Option<String>,
    /// The fault in words; foreign text is quoted.
    pub detail: String,
}

/// The violations that one facilitator has seen.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    pub(crate) kept: Vec<FacilitatorViolation>,
    pub(crate) count: u64,
    logged_count: usize,
}

impl Violations {
    pub(crate) fn note(&mut self, violation: FacilitatorViolation) {
        self.count += 1;
        if self.kept.len() < KEPT_COUNT_MAX {
            self.kept.push(violation);
        }
    }

    /// Takes the violations that are not in the log yet.
    pub(crate) fn take_unlogged(&mut self) -> &[FacilitatorViolation] {
        let unlogged = self.kept.get(self.logged_count..).unwrap_or_default();
        self.logged_count += unlogged.len();
        unlogged
    }
}
