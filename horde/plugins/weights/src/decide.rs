//! What is to be done next for the weights of a cycle. Pure: the same record and the same readings lead to the same action, so that
//! a validator that was killed goes on as one that was not.

mod interval;
mod reveal;
mod send;
mod wait;

use horde_calc::schedule::CYCLE_BLOCKS;
use horde_events::WeightsEnd;

use crate::cycle::{AttemptResult, CycleWeights, Outcome, Step};
use crate::readings::{Reading, Readings};
use crate::rules::{AttemptRules, Rules};
pub(crate) use send::{closed, mismatch};
pub(crate) use wait::Wait;

/// Blocks in which the chain shows what it has taken, unless it has forgotten it.
const INCLUSION_BLOCKS: u32 = 5;
/// Blocks beyond the end of a window in which it is still read what became of the last attempt.
const LAST_READINGS_BLOCKS: u32 = 10;

/// What is decided on.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The newest block.
    pub(crate) block: u32,
    pub(crate) now_ms: u64,
    pub(crate) readings: &'a Readings,
    pub(crate) rules: &'a Rules,
    /// A cycle before whose weights may still be set.
    pub(crate) earlier: Option<u64>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Nothing, and why.
    Wait(Wait),
    /// The chain is asked first.
    Read(Reading),
    /// The weights are calculated and stored.
    Plan,
    /// They are sent.
    Send,
    /// They are revealed.
    Reveal,
    /// The chain holds the commitment for good.
    Confirm {
        /// The block that it is in.
        block: u32,
    },
    /// The cycle ends.
    End(WeightsEnd),
}

/// The next action for a cycle that is not over.
pub(crate) fn decide(cycle: &CycleWeights, view: View<'_>) -> Action {
    let (action, deadline) = match &cycle.step {
        Step::Awaited => (Action::Wait(Wait::Scores), last_block(cycle)),
        Step::Scored => (send::before_plan(cycle, view), last_block(cycle)),
        Step::Sending { intent } => (send::next(cycle, intent, view), last_block(cycle)),
        Step::Committed { intent, block } => {
            let window = reveal::Window::new(*block, view.rules);
            (
                reveal::next(cycle, intent, window, view),
                window.last_block(),
            )
        }
        Step::Over { .. } => return Action::Wait(Wait::Over),
    };
    if view.block < deadline {
        return action;
    }
    at_deadline(cycle, view, deadline, action)
}

/// Weights of a cycle are sent in the cycle after it.
fn last_block(cycle: &CycleWeights) -> u32 {
    let blocks = u32::try_from(CYCLE_BLOCKS).unwrap_or(u32::MAX);
    cycle.stop.saturating_add(blocks)
}

/// Past the deadline no attempt begins. What became of the last one is read, for some blocks: whatever was said of it, the chain
/// may have it.
fn at_deadline(cycle: &CycleWeights, view: View<'_>, deadline: u32, action: Action) -> Action {
    let block = view.block;
    // Where host or chain were away until now, nothing could be read.
    let since = deadline.max(view.readings.gapless_since.unwrap_or(block));
    let last = cycle
        .last
        .as_ref()
        .map_or(since, |last| since.max(last.block));
    // What comes with the last of these blocks is read until it is final.
    let until_final = view.rules.finality_blocks.saturating_add(INCLUSION_BLOCKS);
    let is_open = block
        < last
            .saturating_add(LAST_READINGS_BLOCKS)
            .saturating_add(until_final);
    let why = match action {
        Action::End(_) | Action::Confirm { .. } => return action,
        Action::Wait(Wait::Answer { .. } | Wait::Finality { .. }) => return action,
        Action::Read(_) if is_open => return action,
        _ if let Some(wait) = inclusion(cycle, LAST_READINGS_BLOCKS, block) => {
            return Action::Wait(wait);
        }
        Action::Read(reading) => format!("{} could not be read", reading.name()),
        Action::Wait(why) => why.to_string(),
        Action::Plan | Action::Send | Action::Reveal => "there was no block left for it".to_owned(),
    };
    let last = cycle.last.as_ref().map(Outcome::to_words);
    let last = last.map(|last| format!("; {last}")).unwrap_or_default();
    give_up(format!("not on the chain by block {deadline}: {why}{last}"))
}

/// The wait for what was sent with the last attempt, for so many blocks.
fn inclusion(cycle: &CycleWeights, blocks: u32, now: u32) -> Option<Wait> {
    let last = cycle.last.as_ref()?;
    let block = last.block;
    (now < block.saturating_add(blocks)).then_some(Wait::Inclusion { block })
}

fn give_up(reason: String) -> Action {
    Action::End(WeightsEnd::GivenUp { reason })
}

/// `action`, if another attempt may be made now. `inclusion_blocks` are those in which the chain shows what it has taken.
fn attempt(
    cycle: &CycleWeights,
    (made, bounds): (u32, AttemptRules),
    inclusion_blocks: u32,
    action: Action,
    view: View<'_>,
) -> Action {
    let last = cycle.last.as_ref();
    let is_done = last.is_some_and(|last| last.result == AttemptResult::Done);
    let is_last = made >= bounds.count_max;
    if (is_done || is_last)
        && let Some(wait) = inclusion(cycle, inclusion_blocks, view.block)
    {
        return Action::Wait(wait);
    }
    if is_last {
        let last = cycle.last.as_ref().map(Outcome::to_words);
        let last = last.unwrap_or_else(|| "none may be made".to_owned());
        return give_up(format!("{made} attempts were made; {last}"));
    }
    if !is_due(cycle.not_before_ms, view.now_ms, view.rules.pause_ms_max()) {
        return Action::Wait(Wait::Pause {
            until_ms: cycle.not_before_ms,
        });
    }
    action
}

/// Whether a stored time has come. One further ahead than anything waits for was written by a clock that was ahead.
pub(crate) fn is_due(at_ms: u64, now_ms: u64, ahead_ms_max: u64) -> bool {
    at_ms <= now_ms || at_ms - now_ms > ahead_ms_max
}
