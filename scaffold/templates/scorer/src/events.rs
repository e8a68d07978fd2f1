//! The parts of the event that this plugin reads, and the event that it emits. Unknown fields of an event are ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tig_plugin_api::Event;

/// `horde_batch_over`: a batch has ended.
#[derive(Deserialize)]
pub(crate) struct BatchOver {
    pub(crate) batch: String,
    /// `None` if it belongs to no cycle.
    pub(crate) cycle_start: Option<u64>,
    /// Whether it ran to its end.
    pub(crate) is_whole: bool,
    pub(crate) jobs: Vec<Job>,
}

#[derive(Deserialize)]
pub(crate) struct Job {
    pub(crate) hotkey: String,
    /// `right`, `wrong`, `failed`, `declined`, `late`, `unreachable`; or `excused` or `interrupted`, which are not the
    /// miner's fault.
    pub(crate) result: String,
}

/// `horde_scores`: numbers from 0 to 1e33, by hotkey, of which only the ratios matter.
#[derive(Serialize)]
pub(crate) struct Scores {
    pub(crate) cycle_start: u64,
    pub(crate) batch: String,
    pub(crate) scores: BTreeMap<String, f64>,
}

impl Event for Scores {
    const NAME: &'static str = "horde_scores";
    /// Stored until `horde_weights` has handled it: it is not emitted a second time.
    const DURABLE: bool = true;
}
