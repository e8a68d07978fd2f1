//! The config section: which subnet and hotkey, and what holds without a dynamic config.

use horde_calc::schedule::BATCH_OFFSET_BLOCKS;
use horde_dynamic::CommitReveal;
use horde_extension::Section;
use serde::Deserialize;
use tig_plugin_api::{ConfigSchema, Result};

/// Longest time of a block in milliseconds.
const BLOCK_MS_MAX: u64 = 600_000;

/// Blocks after which the slot of another validator begins, in a cycle with as many validators as there can be.
const LATE_BLOCKS_MAX: u32 = 29;

/// Blocks of an interval of commitments at most: a chain has fewer in two weeks.
const INTERVAL_BLOCKS_MAX: u32 = 100_000;

/// `config.horde_schedule`.
#[derive(Clone, ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Name of the host's key that is the validator's hotkey; its public half is read, nothing is signed.
    pub(crate) key: String,
    /// Number of the subnet.
    pub(crate) netuid: u16,
    /// Whether batches run at all. If this is false, a dynamic config cannot switch them on.
    pub(crate) serving: bool,
    /// Milliseconds from one block to the next, by which a number of blocks becomes a time.
    pub(crate) block_ms: u64,
    /// Blocks before the slot at which links to the miners are opened, at most 24.
    pub(crate) links_ahead_blocks: u32,
    /// Blocks after the slot at which the batch still begins, unless a dynamic config says otherwise.
    pub(crate) late_blocks: u32,
    /// Blocks before a cycle whose hash orders its validators, unless a dynamic config says otherwise. All validators must have the same.
    pub(crate) finalization_blocks: u32,
    /// Blocks of an interval of commitments, which is shown, unless a dynamic config says otherwise.
    pub(crate) commit_interval_blocks: u32,
    /// Blocks of an interval before commitments begin, likewise.
    pub(crate) commit_offset_blocks: u32,
    /// Blocks at the end of an interval without commitments, likewise.
    pub(crate) commit_buffer_blocks: u32,
    /// Blocks before commitments without reveals, likewise.
    pub(crate) reveal_buffer_blocks: u32,
}

impl Default for Config {
    fn default() -> Self {
        let commit = CommitReveal::default();
        Self {
            key: "hotkey".to_owned(),
            netuid: 12,
            serving: true,
            block_ms: 12_000,
            links_ahead_blocks: 10,
            late_blocks: 3,
            finalization_blocks: 3,
            commit_interval_blocks: commit.interval,
            commit_offset_blocks: commit.commit_start_offset,
            commit_buffer_blocks: commit.commit_end_buffer,
            reveal_buffer_blocks: commit.reveal_end_buffer,
        }
    }
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        let section = Section("horde_schedule");
        section.check("block_ms", self.block_ms, 1..=BLOCK_MS_MAX)?;
        let ahead = self.links_ahead_blocks;
        section.check("links_ahead_blocks", ahead, 0..=BATCH_OFFSET_BLOCKS)?;
        section.check("late_blocks", self.late_blocks, 0..=LATE_BLOCKS_MAX)?;
        // Later than that, the order of validators would not be known when the first slot comes.
        let finalization = self.finalization_blocks;
        section.check("finalization_blocks", finalization, 0..=BATCH_OFFSET_BLOCKS)?;
        let interval = self.commit_interval_blocks;
        section.check("commit_interval_blocks", interval, 1..=INTERVAL_BLOCKS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tig_plugin_api::testing::check_example_config;

    use super::*;

    fn fault(section: Value) -> String {
        let config = Config::deserialize(section).unwrap();
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn value_out_of_bounds_is_named() {
        Config::default().check().unwrap();
        for (key, value) in [
            ("block_ms", 0),
            ("links_ahead_blocks", 25),
            ("late_blocks", 30),
            ("finalization_blocks", 25),
            ("commit_interval_blocks", 0),
        ] {
            let text = fault(json!({ key: value }));
            let expected = format!("config.horde_schedule.{key}: {value} is not between");
            assert!(text.starts_with(&expected), "{text}");
        }
    }

    #[test]
    fn example_config_states_the_defaults() {
        let example = include_str!("../../../../config.computehorde.example.json");
        let optional = [
            "key",
            "netuid",
            "serving",
            "block_ms",
            "links_ahead_blocks",
            "late_blocks",
            "finalization_blocks",
            "commit_interval_blocks",
            "commit_offset_blocks",
            "commit_buffer_blocks",
            "reveal_buffer_blocks",
        ];
        check_example_config::<Config>(example, "horde_schedule", &optional);
    }
}
