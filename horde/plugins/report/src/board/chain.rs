//! What was new of the chain and of the slot.

use horde_events::{BatchMissed, ChainCondition, ChainState};
use horde_extension::shown;
use tig_plugin_api::prelude::*;

use super::{Board, CHAIN, SLOT, Slot, SlotState};

impl Board {
    /// Whether the state is another one than the last, and worth a system event: a chain that is followed from the start is not.
    pub(crate) fn set_chain(&mut self, ctx: &mut Context<'_>, state: &ChainState) -> Result<bool> {
        let before = self.chain.as_ref().map(|state| &state.condition);
        let was_followed = before.is_none_or(|before| *before == ChainCondition::Following);
        let is_new = before != Some(&state.condition);
        let is_followed = state.condition == ChainCondition::Following;
        ctx.put(CHAIN, state)?;
        self.chain = Some(state.clone());
        Ok(is_new && !(was_followed && is_followed))
    }

    /// Whether that was not known yet: the event may come twice.
    pub(crate) fn set_missed(
        &mut self,
        ctx: &mut Context<'_>,
        missed: &BatchMissed,
    ) -> Result<bool> {
        let known = self.slot.as_ref();
        let is_known = known.is_some_and(|slot| {
            let is_same = slot.cycle_start == missed.cycle_start;
            slot.cycle_start > missed.cycle_start || is_same && slot.state == SlotState::Missed
        });
        if is_known {
            return Ok(false);
        }
        let slot = Slot {
            cycle_start: missed.cycle_start,
            block: missed.block,
            state: SlotState::Missed,
            code: Some(shown(&missed.code)),
            reason: Some(shown(&missed.reason)),
            at_ms: ctx.now_ms(),
        };
        ctx.put(SLOT, &slot)?;
        self.slot = Some(slot);
        Ok(true)
    }
}
