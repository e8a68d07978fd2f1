//! What the last block has shown of a challenge, for the panel. Kept in memory alone.

use std::collections::{BTreeMap, BTreeSet};

use tig_protocol::difficulty::Point;

use crate::block::NewBlock;
use crate::grid::Cell;
use crate::region::cell;

/// Difficulties of this player that are shown, of each kind.
const OURS_COUNT_MAX: usize = 1_000;

/// A challenge that is active.
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) height: Option<u32>,
    pub(crate) base_frontier: Vec<Point>,
    pub(crate) scaled_frontier: Vec<Point>,
    /// As they were drawn.
    pub(crate) samples: Vec<Cell>,
}

/// Difficulties of this player's precommits.
#[derive(Default)]
pub(crate) struct Ours {
    pub(crate) benchmarks: BTreeSet<Cell>,
    /// Those without a benchmark.
    pub(crate) precommits: BTreeSet<Cell>,
}

/// By challenge id.
pub(crate) fn ours(event: &NewBlock) -> BTreeMap<String, Ours> {
    let mut ours: BTreeMap<String, Ours> = BTreeMap::new();
    for (id, precommit) in &event.precommits {
        let Some(settings) = precommit.0.as_ref().map(|precommit| &precommit.settings) else {
            continue;
        };
        let Some(difficulty) = cell(&settings.difficulty) else {
            continue;
        };
        let ours = ours.entry(settings.challenge_id.clone()).or_default();
        let cells = if event.benchmarks.contains_key(id) {
            &mut ours.benchmarks
        } else {
            &mut ours.precommits
        };
        if cells.len() < OURS_COUNT_MAX {
            cells.insert(difficulty);
        }
    }
    ours
}
