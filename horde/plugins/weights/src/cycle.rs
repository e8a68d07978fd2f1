//! The weights of one cycle, from its batch to their one end.

use horde_events::WeightsEnd;
use serde::{Deserialize, Serialize};

use crate::intent::Intent;

/// Attempts without success that are too many for an accident.
const FAILING_COUNT_MIN: u32 = 3;

/// The stored record of a cycle.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CycleWeights {
    /// First block of the cycle.
    pub(crate) cycle_start: u64,
    /// First block after it.
    pub(crate) stop: u32,
    /// Its batch; empty if none ran.
    pub(crate) batch: String,
    #[serde(flatten)]
    pub(crate) step: Step,
    /// Attempts to set weights or to commit to them.
    pub(crate) sends: u32,
    /// Attempts to reveal them.
    pub(crate) reveals: u32,
    /// The attempt that is under way, stored before it is made. If the host is killed, it ends by its deadline.
    pub(crate) pending: Option<Attempt>,
    /// What became of the last one.
    pub(crate) last: Option<Outcome>,
    /// The next attempt is not made before this time.
    pub(crate) not_before_ms: u64,
    /// What the chain has is known only from a reading of a later block.
    pub(crate) read_after: u32,
    /// Attempts in a row of which nothing was heard.
    pub(crate) unheard: u32,
}

/// How far the weights of a cycle are.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub(crate) enum Step {
    /// The batch has run; its scores are not here yet.
    Awaited,
    /// Scores are stored.
    Scored,
    /// It is decided what is sent.
    Sending {
        /// What.
        intent: Intent,
    },
    /// The chain holds the commitment.
    Committed {
        /// To what.
        intent: Intent,
        /// The block that it is in.
        block: u32,
    },
    /// Nothing is done any more.
    Over {
        /// How it ended.
        #[serde(flatten)]
        end: WeightsEnd,
        /// When, in Unix milliseconds.
        at_ms: u64,
        /// What was committed to, so that the hash is known if it comes late.
        commit_hash: Option<String>,
    },
}

/// What an attempt is at.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AttemptKind {
    /// Setting weights.
    Set,
    /// Committing to them.
    Commit,
    /// Revealing them.
    Reveal,
}

impl AttemptKind {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Commit => "commit",
            Self::Reveal => "reveal",
        }
    }
}

/// An attempt that is under way.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Attempt {
    /// Name of its call.
    pub(crate) call: String,
    pub(crate) kind: AttemptKind,
    /// The block at which it was made.
    pub(crate) block: u32,
    /// When it was made and when it has failed, in Unix milliseconds.
    pub(crate) began_ms: u64,
    pub(crate) deadline_ms: u64,
}

/// What became of an attempt.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Outcome {
    pub(crate) kind: AttemptKind,
    pub(crate) result: AttemptResult,
    /// The block at which it was known.
    pub(crate) block: u32,
    /// When, in Unix milliseconds.
    pub(crate) at_ms: u64,
    /// Why, if the chain or the way to it said so.
    pub(crate) reason: Option<String>,
}

/// What became of an attempt, in a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AttemptResult {
    /// The chain has taken it, or Pylon has scheduled it.
    Done,
    /// The chain has refused it.
    Refused,
    /// It failed on the way.
    Failed,
    /// Nothing came until its deadline.
    TimedOut,
}

impl AttemptResult {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
        }
    }
}

impl CycleWeights {
    pub(crate) fn new(cycle_start: u64, stop: u32, batch: String, step: Step) -> Self {
        Self {
            cycle_start,
            stop,
            batch,
            step,
            sends: 0,
            reveals: 0,
            pending: None,
            last: None,
            not_before_ms: 0,
            read_after: 0,
            unheard: 0,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.step, Step::Over { .. })
    }

    /// Whether its weights were sent to be set, and it is not known what became of them. Commitments have hashes that say whose they
    /// are.
    pub(crate) fn may_be_set(&self) -> bool {
        match &self.step {
            Step::Sending { intent } => self.sends > 0 && intent.commit_hash().is_none(),
            Step::Awaited | Step::Scored | Step::Committed { .. } | Step::Over { .. } => false,
        }
    }

    /// Whether several attempts at the same thing have ended, and it is not known that the chain has one of them.
    pub(crate) fn is_failing(&self) -> bool {
        let made = match &self.step {
            Step::Sending { .. } => self.sends,
            Step::Committed { .. } => self.reveals,
            Step::Awaited | Step::Scored | Step::Over { .. } => 0,
        };
        let ended = made.saturating_sub(u32::from(self.pending.is_some()));
        ended >= FAILING_COUNT_MIN
    }

    /// The hash that this validator has committed to, or may have.
    pub(crate) fn commit_hash(&self) -> Option<&str> {
        match &self.step {
            Step::Sending { intent } | Step::Committed { intent, .. } => intent.commit_hash(),
            Step::Over { commit_hash, .. } => commit_hash.as_deref(),
            Step::Awaited | Step::Scored => None,
        }
    }
}

impl Outcome {
    /// In words.
    pub(crate) fn to_words(&self) -> String {
        let Self { kind, result, .. } = self;
        let head = format!("the last {} attempt: {}", kind.name(), result.name());
        match &self.reason {
            Some(reason) => format!("{head}: {reason}"),
            None => head,
        }
    }
}
