//! How many precommits the network has taken for the blocks of one height.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tig_devnet::Status;

use super::Judge;
use crate::site::PRECOMMITS_PER_BLOCK;

/// Heights of all blocks, those that were rolled back included, and the settings that were taken for them.
#[derive(Debug, Default)]
pub(super) struct Heights {
    /// By block id.
    heights: BTreeMap<String, u32>,
    taken: BTreeMap<u32, BTreeSet<String>>,
}

impl Heights {
    pub(super) fn see(&mut self, newest: &Status) {
        self.heights.insert(newest.block_id.clone(), newest.height);
    }

    /// Counts a precommit; returns the height and its count.
    fn take(&mut self, body: &[u8]) -> Option<(u32, usize)> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let settings = body.get("settings")?;
        let block_id = settings.get("block_id")?.as_str()?;
        let height = *self.heights.get(block_id)?;
        let taken = self.taken.entry(height).or_default();
        taken.insert(settings.to_string());
        Some((height, taken.len()))
    }
}

impl Judge {
    /// The network has taken a precommit, whether or not the master knows. Blocks of one height share its slots, whatever block an
    /// API node or a restart has shown to the master.
    pub(super) fn took_precommit(&mut self, body: &[u8], now_ms: u64) {
        let Some((height, count)) = self.heights.take(body) else {
            return;
        };
        if count > PRECOMMITS_PER_BLOCK {
            let text = format!("{count} precommits for height {height}");
            self.blame(
                now_ms,
                "no height has more precommits than the config allows",
                text,
            );
        }
    }
}
