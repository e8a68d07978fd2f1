//! Until weights that were committed to are revealed.

use horde_calc::weights::CommitInterval;
use horde_events::WeightsEnd;

use super::{Action, INCLUSION_BLOCKS, View, Wait, attempt, give_up};
use crate::cycle::CycleWeights;
use crate::intent::Intent;
use crate::readings::Reading;
use crate::rules::Rules;

/// The interval in which a commitment can be revealed.
#[derive(Clone, Copy)]
pub(super) struct Window {
    interval: CommitInterval,
}

impl Window {
    /// That of a commitment in `block`.
    pub(super) fn new(block: u32, rules: &Rules) -> Self {
        let committed = CommitInterval::containing(block, rules.intervals);
        let next = u32::try_from(committed.blocks.stop).unwrap_or(u32::MAX);
        Self {
            interval: CommitInterval::containing(next, rules.intervals),
        }
    }

    /// The block from which on no reveal begins.
    pub(super) fn last_block(self) -> u32 {
        u32::try_from(self.interval.reveal.stop).unwrap_or(u32::MAX)
    }
}

/// The chain holds the commitment, or has held it.
pub(super) fn next(
    cycle: &CycleWeights,
    intent: &Intent,
    window: Window,
    view: View<'_>,
) -> Action {
    if let Some(pending) = &cycle.pending {
        return Action::Wait(pending.wait());
    }
    let start = window.interval.reveal.start;
    if i64::from(view.block) < start {
        return Action::Wait(Wait::RevealWindow { start });
    }
    let Some(commits) = view.readings.current_commits(view.block, cycle.read_after) else {
        return Action::Read(Reading::Commits);
    };
    let hash = intent.commit_hash().unwrap_or_default();
    if commits.block_of(hash).is_some() {
        let made = (cycle.reveals, view.rules.reveal);
        return attempt(cycle, made, INCLUSION_BLOCKS, Action::Reveal, view);
    }
    let is_expired = i64::from(commits.block) >= window.interval.blocks.stop;
    match (cycle.reveals, is_expired) {
        (0, true) => {
            give_up("the commitment has expired: no reveal was sent in its window".to_owned())
        }
        (0, false) => give_up(format!(
            "the chain does not hold the commitment at block {}, and no reveal was sent: our hotkey was deregistered, or another validator has revealed it",
            commits.block
        )),
        (reveals, true) => give_up(format!(
            "the commitment has expired; whether one of {reveals} reveals came before is unknown"
        )),
        // Revealed commitments are not listed any more.
        (_, false)
            if commits.block >= cycle.read_after.saturating_add(view.rules.finality_blocks) =>
        {
            let block = commits.block;
            Action::End(WeightsEnd::Revealed { block })
        }
        (_, false) => Action::Wait(Wait::Finality {
            block: cycle.read_after,
        }),
    }
}
