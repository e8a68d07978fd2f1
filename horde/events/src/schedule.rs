//! When a batch is due (section 3.3).

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

use crate::MinerAddress;

/// `horde_batch_due`: the slot of this validator in a cycle has come. Durable; a cycle has one batch, however often this comes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BatchDue {
    /// First block of the cycle.
    pub cycle_start: u64,
    /// The block of the slot.
    pub block: u32,
    /// When the batch is overslept, in Unix milliseconds: it does not begin after this.
    pub until_ms: u64,
    /// The miners of the subnet that serve.
    pub miners: Vec<MinerAddress>,
}

impl Event for BatchDue {
    const NAME: &'static str = "horde_batch_due";
    const DURABLE: bool = true;
}

/// `horde_batch_missed`: the batch of a cycle was not run and will not be. Durable; comes once for a cycle.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BatchMissed {
    /// First block of the cycle.
    pub cycle_start: u64,
    /// The block of the slot, if there was one.
    pub block: Option<u32>,
    /// A word: `overslept`, `not_serving`, `not_in_list`, `busy`, `chain`.
    pub code: String,
    /// Why, in words.
    pub reason: String,
}

impl Event for BatchMissed {
    const NAME: &'static str = "horde_batch_missed";
    const DURABLE: bool = true;
}
