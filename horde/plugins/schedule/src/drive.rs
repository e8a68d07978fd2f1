//! Acts by decisions: asks, opens links, says that the batch is due or missed, and stores it.

use horde_calc::schedule::{CYCLE_BLOCKS, cycle};
use horde_events::{BatchDue, BatchMissed, LinksWanted, NeuronsWanted};
use tig_plugin_api::prelude::*;

use crate::Schedule;
use crate::cycle::{Cycle, End};
use crate::decide::{Decision, Miss, decide, miss_of_past, miss_of_unseen, neurons_wanted};
use crate::place::{Place, Slot};
use crate::status::Status;

/// Cycles without a seen block that are reported one by one, the newest ones: those of more than three days.
const UNSEEN_MAX: u32 = 32;

impl Schedule {
    /// Looks at the schedule once more, by the newest block.
    pub(crate) fn tick_now(&mut self, ctx: &mut Context<'_>) -> Result<Status<'_>> {
        if let Some(number) = self.seen.block.as_ref().map(|block| block.number) {
            ctx.mark_fields_changed()?;
            self.tick(ctx, number)?;
        }
        Ok(self.status(ctx.now_ms()))
    }

    /// Does what is to be done at block `number`, and asks for what is missing.
    pub(crate) fn tick(&mut self, ctx: &mut Context<'_>, number: u32) -> Result<()> {
        self.advance(ctx, number)?;
        if let Some(cycle) = self.cycle.as_ref().filter(|cycle| cycle.start <= number) {
            for block in neurons_wanted(cycle, &self.owner.hotkey, &self.rules, number) {
                ctx.emit(&NeuronsWanted { block })?;
            }
        }
        Ok(())
    }

    /// Does what is to be done at block `number` without asking for anything, so that no answer leads to a question.
    pub(crate) fn advance(&mut self, ctx: &mut Context<'_>, number: u32) -> Result<()> {
        self.enter_cycle(ctx, number)?;
        let Some(cycle) = &mut self.cycle else {
            return Ok(());
        };
        if !cycle.range().contains(number) {
            return Ok(());
        }
        if let Some(end) = &cycle.end {
            // At the block of the end `horde_batch` may not have asked for the links yet that it goes on with.
            if cycle.miners.is_some() && end.at_block() < number {
                cycle.miners = None;
                cycle.store(ctx)?;
                return self.want_links(ctx);
            }
            return Ok(());
        }
        match decide(cycle, &self.owner.hotkey, &self.rules, number) {
            Decision::Wait => Ok(()),
            Decision::Hold(hindrance) => {
                if cycle.hindrance != Some(hindrance) {
                    cycle.hindrance = Some(hindrance);
                    cycle.store(ctx)?;
                }
                Ok(())
            }
            Decision::Begin { slot, blocks_left } => self.begin(ctx, number, slot, blocks_left),
            Decision::Miss(miss) => self.miss(ctx, number, miss),
        }
    }

    /// Ends the cycles before that of block `number`, and begins with that one.
    pub(crate) fn enter_cycle(&mut self, ctx: &mut Context<'_>, number: u32) -> Result<()> {
        let Ok(start) = u32::try_from(cycle(number, self.owner.netuid).start) else {
            // A cycle that has begun below block 0 has no batch.
            return Ok(());
        };
        if let Some(old) = &self.cycle {
            if old.start >= start {
                return Ok(());
            }
            let old_start = old.start;
            if old.end.is_none() {
                let miss = miss_of_past(old, &self.owner.hotkey, &self.rules, number);
                emit_missed(ctx, old_start, miss)?;
            }
            miss_unseen(ctx, old_start, start, number)?;
        }
        let new = Cycle {
            first_start_block: self.cycle.is_none().then_some(number),
            ..Cycle::new(start)
        };
        new.store(ctx)?;
        let old = self.cycle.replace(new);
        match old {
            Some(old) if old.miners.is_some() => self.want_links(ctx),
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        ctx: &mut Context<'_>,
        number: u32,
        slot: Slot,
        blocks_left: u32,
    ) -> Result<()> {
        let Some(cycle) = &mut self.cycle else {
            return Ok(());
        };
        let wait_ms = u64::from(blocks_left).saturating_mul(self.config.block_ms);
        let miners = cycle.miners.as_ref();
        let miners = miners.map_or_else(Vec::new, |miners| miners.addresses.clone());
        let count = miners.len();
        let until_ms = ctx.now_ms().saturating_add(wait_ms);
        ctx.emit(&BatchDue {
            cycle_start: cycle.start.into(),
            block: slot.block,
            until_ms,
            miners,
        })?;
        cycle.end = Some(End::Due { at_block: number });
        cycle.store(ctx)?;
        ctx.count("cycles", &[("end", "due")], 1);
        let late_blocks = number.saturating_sub(slot.block);
        let fields: &LogFields<'_> = &[
            ("cycle", &cycle.start),
            ("slot_block", &slot.block),
            ("late_blocks", &late_blocks),
            ("miners", &count),
        ];
        match late_blocks {
            0 => ctx.info_with("batch is due", fields),
            _ => ctx.warn_with("batch is due late", fields),
        }
        Ok(())
    }

    fn miss(&mut self, ctx: &mut Context<'_>, number: u32, miss: Miss) -> Result<()> {
        let Some(cycle) = &mut self.cycle else {
            return Ok(());
        };
        cycle.end = Some(End::Missed {
            at_block: number,
            code: miss.code.to_owned(),
            reason: miss.reason.clone(),
        });
        cycle.store(ctx)?;
        emit_missed(ctx, cycle.start, miss)
    }

    /// Wants links to the miners that are stored, and to no others.
    pub(crate) fn want_links(&self, ctx: &mut Context<'_>) -> Result<()> {
        let miners = self.cycle.as_ref().and_then(|cycle| cycle.miners.as_ref());
        ctx.emit(&LinksWanted {
            holder: ctx.settings().name.clone(),
            miners: miners.map_or_else(Vec::new, |miners| miners.addresses.clone()),
            unknown: None,
        })
    }

    /// The batch of this cycle was due, and `horde_batch` has not begun it.
    pub(crate) fn note_missed(&mut self, ctx: &mut Context<'_>, missed: BatchMissed) -> Result<()> {
        let cycle = self.cycle.as_ref();
        let cycle = cycle.filter(|cycle| u64::from(cycle.start) == missed.cycle_start);
        let Some(cycle) = cycle else { return Ok(()) };
        // What this extension has emitted itself comes back to it, and is stored already.
        let Some(End::Due { at_block }) = cycle.end else {
            return Ok(());
        };
        let ended = Cycle {
            end: Some(End::Missed {
                at_block,
                code: missed.code,
                reason: missed.reason,
            }),
            ..cycle.clone()
        };
        ended.store(ctx)?;
        self.cycle = Some(ended);
        Ok(())
    }

    pub(crate) fn measure(&self, ctx: &mut Context<'_>, number: u32) {
        ctx.gauge("block", &[], number.into());
        ctx.gauge("serving", &[], u8::from(self.rules.serving).into());
        let Some(cycle) = &self.cycle else { return };
        ctx.gauge("cycle_start", &[], cycle.start.into());
        if let Place::Slot(slot) = cycle.place(&self.owner.hotkey) {
            ctx.gauge("slot_block", &[], slot.block.into());
        }
    }
}

/// Reports the batches of the cycles between two that were seen as missed.
fn miss_unseen(ctx: &mut Context<'_>, old: u32, new: u32, number: u32) -> Result<()> {
    let blocks = CYCLE_BLOCKS as u32;
    let count = (new.saturating_sub(old) / blocks).saturating_sub(1);
    if count > UNSEEN_MAX {
        ctx.warn_with(
            "more cycles were not seen than are reported one by one; the oldest ones are left out",
            &[("cycles", &count), ("reported", &UNSEEN_MAX)],
        );
    }
    for back in (1..=count.min(UNSEEN_MAX)).rev() {
        let start = new - back * blocks;
        emit_missed(ctx, start, miss_of_unseen(start, number))?;
    }
    Ok(())
}

fn emit_missed(ctx: &mut Context<'_>, start: u32, miss: Miss) -> Result<()> {
    ctx.count("cycles", &[("end", miss.code)], 1);
    ctx.warn_with(
        "the batch of a cycle is not run",
        &[
            ("cycle", &start),
            ("code", &miss.code),
            ("reason", &miss.reason),
        ],
    );
    ctx.emit(&BatchMissed {
        cycle_start: start.into(),
        block: miss.slot_block,
        code: miss.code.to_owned(),
        reason: miss.reason,
    })
}
