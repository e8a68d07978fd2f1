//! What `GET /horde/status` shows, each number with the time it is of, and stored so that a restart forgets none.

mod batch;
mod chain;
mod jobs;
mod miners;
mod panel;
mod weights;

use std::collections::BTreeMap;

use horde_events::{BatchDue, Block, ChainState};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use self::batch::LastBatch;
use self::jobs::{JobCounts, Jobs};
use self::miners::{MinerRow, Miners};
use self::weights::Cycles;

const CHAIN: &str = "status/chain";
const SLOT: &str = "status/slot";
const BATCH: &str = "status/batch";

/// The newest cycle of which the slot is known.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Slot {
    /// First block of the cycle.
    pub(crate) cycle_start: u64,
    /// The block of the slot, if there is one.
    block: Option<u32>,
    /// `due` or `missed`.
    state: SlotState,
    /// Why it was missed: a word, and in words.
    code: Option<String>,
    reason: Option<String>,
    /// When that was known, in Unix milliseconds.
    at_ms: u64,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum SlotState {
    Due,
    Missed,
}

#[derive(Default)]
pub(crate) struct Board {
    /// Comes anew within seconds of a start, so it is not stored.
    block: Option<Block>,
    chain: Option<ChainState>,
    slot: Option<Slot>,
    batch: Option<LastBatch>,
    cycles: Cycles,
    jobs: Jobs,
    miners: Miners,
}

/// The board as it is shown.
#[derive(Serialize)]
pub(crate) struct BoardStatus<'a> {
    block: Option<&'a Block>,
    chain: Option<&'a ChainState>,
    slot: Option<&'a Slot>,
    last_batch: Option<&'a LastBatch>,
    /// The newest cycle first.
    weights: Vec<&'a horde_events::WeightsOver>,
    jobs_last_hour: JobCounts,
    miners: BTreeMap<&'a str, &'a MinerRow>,
}

impl Board {
    pub(crate) fn start(ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self {
            block: None,
            chain: ctx.get_sound(CHAIN)?,
            slot: ctx.get_sound(SLOT)?,
            batch: ctx.get_sound(BATCH)?,
            cycles: Cycles::start(ctx)?,
            jobs: Jobs::start(ctx)?,
            miners: Miners::start(ctx)?,
        })
    }

    pub(crate) fn set_block(&mut self, block: Block) {
        self.block = Some(block);
    }

    pub(crate) fn set_due(&mut self, ctx: &mut Context<'_>, due: &BatchDue) -> Result<()> {
        let is_later = |slot: &Slot| slot.cycle_start >= due.cycle_start;
        if self.slot.as_ref().is_some_and(is_later) {
            return Ok(());
        }
        let slot = Slot {
            cycle_start: due.cycle_start,
            block: Some(due.block),
            state: SlotState::Due,
            code: None,
            reason: None,
            at_ms: ctx.now_ms(),
        };
        ctx.put(SLOT, &slot)?;
        self.slot = Some(slot);
        Ok(())
    }

    pub(crate) fn status(&self, now_ms: u64) -> BoardStatus<'_> {
        BoardStatus {
            block: self.block.as_ref(),
            chain: self.chain.as_ref(),
            slot: self.slot.as_ref(),
            last_batch: self.batch.as_ref(),
            weights: self.cycles.newest_first().collect(),
            jobs_last_hour: self.jobs.counts(now_ms),
            miners: self.miners.rows().collect(),
        }
    }

    /// Drops users' jobs and failures of miners that are old, and returns their numbers.
    pub(crate) fn evict(&mut self, ctx: &mut Context<'_>) -> Result<(u64, u64)> {
        let jobs = self.jobs.evict(ctx)?;
        Ok((jobs, self.miners.evict(ctx)?))
    }
}
