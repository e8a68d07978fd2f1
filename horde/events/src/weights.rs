//! From scores to weights (sections 3.6 and 3.7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

/// `horde_scores`: what the miners of a cycle are worth, one number for each hotkey. Durable; the first one of a cycle counts. A
/// scorer that finds nothing emits an empty map, so that it can be reported.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Scores {
    /// First block of the cycle.
    pub cycle_start: u64,
    /// The batch.
    pub batch: String,
    /// Numbers from 0 to 1e33, by SS58 address of the hotkey; only their ratios matter.
    pub scores: BTreeMap<String, f64>,
}

impl Event for Scores {
    const NAME: &'static str = "horde_scores";
    const DURABLE: bool = true;
}

/// `horde_weights_over`: the one end of the weights of a cycle. Durable.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct WeightsOver {
    /// First block of the cycle.
    pub cycle_start: u64,
    /// How they ended.
    #[serde(flatten)]
    pub end: WeightsEnd,
    /// Attempts that were made to send them, and to reveal them.
    pub attempts: u32,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
}

impl Event for WeightsOver {
    const NAME: &'static str = "horde_weights_over";
    const DURABLE: bool = true;
}

/// How the weights of a cycle ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum WeightsEnd {
    /// They are set: `last_update` of this validator says so.
    Applied {
        /// The block.
        block: u32,
    },
    /// They were committed to and revealed.
    Revealed {
        /// The block at which it was known.
        block: u32,
    },
    /// They are not on the chain and will not be.
    GivenUp {
        /// Why, in words.
        reason: String,
    },
}
