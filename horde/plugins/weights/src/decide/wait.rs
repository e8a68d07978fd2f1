//! Why nothing is done for the weights of a cycle.

use crate::cycle::Attempt;
use crate::readings::Reading;

/// What is waited for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Wait {
    /// The batch has run, and its scorer has not answered.
    #[error("the scorer has given no scores for the batch")]
    Scores,
    /// The cycle has not ended.
    #[error("the cycle ends at block {stop}")]
    CycleRuns {
        /// First block after it.
        stop: u32,
    },
    /// What the chain shows would not tell the weights of two cycles apart.
    #[error("the weights of the cycle at block {cycle_start} may still be set")]
    EarlierCycle {
        /// First block of that cycle.
        cycle_start: u64,
    },
    /// `SERVING` is off.
    #[error("SERVING is off in the dynamic config")]
    ServingOff,
    /// Commits begin later.
    #[error("the commit window opens at block {start}")]
    CommitWindow {
        /// First block of the window.
        start: i64,
    },
    /// Reveals begin later.
    #[error("the reveal window opens at block {start}")]
    RevealWindow {
        /// First block of the window.
        start: i64,
    },
    /// This validator is not among the neurons.
    #[error("our hotkey is not registered at block {block}")]
    NotRegistered {
        /// The block of the neurons.
        block: u32,
    },
    /// The config and the subnet do not fit together.
    #[error("{fault}")]
    Mismatch {
        /// What, and what to do.
        fault: String,
    },
    /// An attempt is under way.
    #[error("attempt under way for up to {seconds_max} s")]
    Answer {
        /// Seconds that it may take.
        seconds_max: u64,
    },
    /// An attempt has failed lately.
    #[error("pause after the last attempt")]
    Pause {
        /// In Unix milliseconds.
        until_ms: u64,
    },
    /// What was sent is not seen on the chain.
    #[error("sent, and not seen on the chain since block {block}")]
    Inclusion {
        /// The block at which it was known that it was sent.
        block: u32,
    },
    /// What was sent is on the chain, in a block that could still be dropped.
    #[error("on the chain since block {block}, which is not final")]
    Finality {
        /// The block.
        block: u32,
    },
    /// The chain was asked.
    #[error("waiting for {}", .0.name())]
    Reading(Reading),
    /// No block was seen since the start.
    #[error("no block was seen since the start")]
    Block,
    /// All is done.
    #[error("over")]
    Over,
}

impl Wait {
    /// The word for it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Scores => "scores",
            Self::CycleRuns { .. } => "cycle_runs",
            Self::EarlierCycle { .. } => "earlier_cycle",
            Self::ServingOff => "serving_off",
            Self::CommitWindow { .. } => "commit_window",
            Self::RevealWindow { .. } => "reveal_window",
            Self::NotRegistered { .. } => "not_registered",
            Self::Mismatch { .. } => "mismatch",
            Self::Answer { .. } => "answer",
            Self::Pause { .. } => "pause",
            Self::Inclusion { .. } => "inclusion",
            Self::Finality { .. } => "finality",
            Self::Reading(_) => "reading",
            Self::Block => "block",
            Self::Over => "over",
        }
    }
}

impl Attempt {
    /// The wait for its answer.
    pub(super) fn wait(&self) -> Wait {
        let span_ms = self.deadline_ms.saturating_sub(self.began_ms);
        let seconds_max = span_ms.div_ceil(1_000);
        Wait::Answer { seconds_max }
    }
}
