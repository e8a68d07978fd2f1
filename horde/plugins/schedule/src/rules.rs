//! What holds now: the config, and the dynamic config where there is one.

use horde_calc::schedule::SlotWindow;
use horde_calc::weights::CommitSettings;
use horde_dynamic::DynamicConfig;

use crate::config::Config;

/// The rules of the schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules {
    pub(crate) serving: bool,
    pub(crate) window: SlotWindow,
    pub(crate) finalization_blocks: u32,
    pub(crate) links_ahead_blocks: u32,
    pub(crate) commit: CommitSettings,
}

impl Rules {
    pub(crate) fn new(config: &Config, dynamic: Option<&DynamicConfig>) -> Self {
        let links_ahead_blocks = config.links_ahead_blocks;
        match dynamic {
            None => Self {
                serving: config.serving,
                window: SlotWindow {
                    late_blocks: config.late_blocks,
                    ..SlotWindow::default()
                },
                finalization_blocks: config.finalization_blocks,
                links_ahead_blocks,
                commit: CommitSettings {
                    interval_blocks: config.commit_interval_blocks,
                    commit_offset_blocks: config.commit_offset_blocks,
                    commit_buffer_blocks: config.commit_buffer_blocks,
                    reveal_buffer_blocks: config.reveal_buffer_blocks,
                },
            },
            Some(dynamic) => Self {
                serving: config.serving && dynamic.serving,
                window: SlotWindow {
                    early_blocks: dynamic.planner_wait_in_advance_blocks,
                    late_blocks: dynamic.planner_max_oversleep_blocks,
                },
                finalization_blocks: dynamic.block_finalization_number,
                links_ahead_blocks,
                commit: CommitSettings {
                    interval_blocks: dynamic.commit_reveal.interval,
                    commit_offset_blocks: dynamic.commit_reveal.commit_start_offset,
                    commit_buffer_blocks: dynamic.commit_reveal.commit_end_buffer,
                    reveal_buffer_blocks: dynamic.commit_reveal.reveal_end_buffer,
                },
            },
        }
    }
}
