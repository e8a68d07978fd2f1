//! The parts of the events that this plugin reads, and the event that it emits. Unknown fields of an event are ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

/// `new_block`: a block of the network.
#[derive(Deserialize)]
pub(crate) struct NewBlock {
    pub(crate) block: Block,
    /// By id.
    pub(crate) challenges: BTreeMap<String, Challenge>,
}

#[derive(Deserialize)]
pub(crate) struct Block {
    pub(crate) details: BlockDetails,
}

#[derive(Deserialize)]
pub(crate) struct BlockDetails {
    pub(crate) height: u32,
}

#[derive(Deserialize)]
pub(crate) struct Challenge {
    pub(crate) details: ChallengeDetails,
}

#[derive(Deserialize)]
pub(crate) struct ChallengeDetails {
    pub(crate) name: String,
}

/// `throughput`: what the slaves do and have to do.
#[derive(Default, Deserialize)]
pub(crate) struct Throughput {
    /// By challenge id.
    pub(crate) challenges: BTreeMap<String, Work>,
}

#[derive(Deserialize)]
pub(crate) struct Work {
    /// `None` if too little was measured.
    pub(crate) nonces_per_second: Option<f64>,
    pub(crate) open_nonces: u64,
}

/// `selection`: what `precommit_manager` is to choose from.
#[derive(Serialize)]
pub(crate) struct Selection {
    pub(crate) height: u32,
    /// By challenge name.
    pub(crate) selection: BTreeMap<String, Selected>,
}

/// `algorithm` and `num_nonces` may stand beside the weight; without them those of the config count.
#[derive(Serialize)]
pub(crate) struct Selected {
    pub(crate) weight: f64,
}

impl Event for Selection {
    const NAME: &'static str = "selection";
    /// A newer one takes the place of one that still waits.
    const LATEST: bool = true;
}
