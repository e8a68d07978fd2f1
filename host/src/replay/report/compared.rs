//! What is compared for each call: what the recording holds, and what the replay has done. Borrows everything.

use tig_recording::{Outcome, Step};

/// What an extension has done in one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decision<'a> {
    /// How the call ended.
    pub outcome: &'a Outcome<'a>,
    /// What it asked for, in order.
    pub steps: &'a [Step<'a>],
}

/// A call on both sides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compared<'a> {
    /// Name of the extension.
    pub extension: &'a str,
    /// When the call was recorded, in Unix milliseconds.
    pub at_ms: u64,
    /// Place among the calls of the extension, from 1.
    pub number: u64,
    /// What was called: the name of an event, `GET /path`, `command x`, `new`.
    pub what: &'a str,
    /// What the recording holds.
    pub recorded: Decision<'a>,
    /// What the replay has done.
    pub replayed: Decision<'a>,
}

/// One thing that a call has asked of the host, as it crossed the plugin boundary.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Effect<'a> {
    /// Number of the service.
    pub service: u32,
    /// First argument.
    pub name: &'a str,
    /// Second argument.
    pub body: &'a [u8],
}

impl<'a> Decision<'a> {
    /// What the call has asked for and got: nothing after a failure.
    pub(crate) fn effects(&self) -> impl Iterator<Item = Effect<'a>> + use<'a> {
        let steps = if self.outcome.is_success() {
            self.steps
        } else {
            &[]
        };
        steps.iter().filter_map(|step| match step {
            Step::Asked {
                service,
                name,
                body,
            } => Some(Effect {
                service: *service,
                name,
                body,
            }),
            Step::Answered { .. } => None,
        })
    }
}

/// Whether two decisions are the same bit for bit. Answers do not count, nor do the words of two failures, which have no effects.
#[must_use]
pub(crate) fn is_same(recorded: Decision<'_>, replayed: Decision<'_>) -> bool {
    match (recorded.outcome, replayed.outcome) {
        (Outcome::Failed(_), Outcome::Failed(_)) | (Outcome::Panicked(_), Outcome::Panicked(_)) => {
            true
        }
        (one, other) => one == other && recorded.effects().eq(replayed.effects()),
    }
}
