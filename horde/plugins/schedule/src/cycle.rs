//! A cycle as it is stored: what is known of it, and how it ended.

use horde_calc::schedule::{BlockRange, CYCLE_BLOCKS, Timing};
use horde_events::MinerAddress;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::place::{Place, find_place};
use crate::rules::Rules;

const CYCLE: &str = "cycle";

/// A cycle that begins at block 0 or later.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Cycle {
    /// Its first block.
    pub(crate) start: u32,
    /// Hash of the block that orders the validators.
    pub(crate) seed: Option<String>,
    /// Hotkeys of the validators, not in the order of their slots.
    pub(crate) validators: Option<Vec<String>>,
    /// The miners to which links are wanted.
    pub(crate) miners: Option<Miners>,
    /// What has kept the batch from beginning in its slot so far.
    pub(crate) hindrance: Option<Hindrance>,
    /// How it ended: the batch is due once, or missed once.
    pub(crate) end: Option<End>,
    /// The first block that was seen since the first start, if it is one of this cycle's. Older versions do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_start_block: Option<u32>,
}

/// The miners that serve.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Miners {
    /// The block that they are of.
    pub(crate) block: u32,
    pub(crate) addresses: Vec<MinerAddress>,
}

/// What keeps a batch from beginning in its slot.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hindrance {
    /// Serving is off.
    NotServing,
    /// The chain service does not say who serves.
    NoMiners,
}

/// How a cycle ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// The batch was given to `horde_batch`.
    Due {
        /// At this block.
        at_block: u32,
    },
    /// It was not run and will not be.
    Missed {
        /// Known since this block.
        at_block: u32,
        /// The word of [`horde_events::BatchMissed`].
        code: String,
        reason: String,
    },
}

impl End {
    pub(crate) fn at_block(&self) -> u32 {
        match self {
            Self::Due { at_block } | Self::Missed { at_block, .. } => *at_block,
        }
    }
}

impl Cycle {
    pub(crate) fn new(start: u32) -> Self {
        Self {
            start,
            seed: None,
            validators: None,
            miners: None,
            hindrance: None,
            end: None,
            first_start_block: None,
        }
    }

    pub(crate) fn stored(ctx: &mut Context<'_>) -> Result<Option<Self>> {
        ctx.get_sound(CYCLE)
    }

    pub(crate) fn store(&self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.put(CYCLE, self)
    }

    /// All its blocks.
    pub(crate) fn range(&self) -> BlockRange {
        let start = i64::from(self.start);
        BlockRange {
            start,
            stop: start + CYCLE_BLOCKS,
        }
    }

    /// The block whose hash is the seed, by the rules of now. None if it would be before block 0.
    pub(crate) fn seed_block(&self, rules: &Rules) -> Option<u32> {
        self.start.checked_sub(rules.finalization_blocks)
    }

    /// Whether this validator was started for the first time when the slot was over.
    pub(crate) fn is_first_start_late(&self, hotkey: &str, rules: &Rules) -> bool {
        match (self.first_start_block, self.place(hotkey)) {
            (Some(number), Place::Slot(slot)) => {
                let timing = rules.window.timing(slot.block.into(), number);
                matches!(timing, Timing::Missed)
            }
            _ => false,
        }
    }

    pub(crate) fn place(&self, hotkey: &str) -> Place {
        match (&self.validators, &self.seed) {
            (Some(validators), Some(seed)) => find_place(self.range(), validators, seed, hotkey),
            _ => Place::Unknown,
        }
    }
}
