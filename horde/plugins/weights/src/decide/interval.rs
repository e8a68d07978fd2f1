//! What of the config is to be set if the subnet has intervals of another length.

use horde_calc::weights::CommitSettings;

/// A number of the config: its key in the section, and that in the dynamic config.
#[derive(Clone, Copy)]
struct Number(&'static str, &'static str);

const INTERVAL: Number = Number("interval_blocks", "WEIGHTS_INTERVAL");
const COMMIT_START: Number = Number("commit_start_offset", "COMMIT_START_OFFSET");
const COMMIT_BUFFER: Number = Number("commit_end_buffer", "COMMIT_END_BUFFER");
const REVEAL_BUFFER: Number = Number("reveal_end_buffer", "REVEAL_END_BUFFER");

impl Number {
    fn name(self, is_dynamic: bool) -> String {
        match is_dynamic {
            true => format!("DYNAMIC_COMMIT_REVEAL_{}", self.1),
            false => format!("`{}` of horde_weights", self.0),
        }
    }
}

/// What to do so that an interval has `blocks` blocks.
pub(super) fn remedy(current: CommitSettings, blocks: u32, is_dynamic: bool) -> String {
    let steps = steps(current, blocks).into_iter();
    let steps = steps.map(|(number, value)| format!("{} to {value}", number.name(is_dynamic)));
    format!("set {}", steps.collect::<Vec<_>>().join(", then "))
}

/// The numbers to be set, one after the other. A dynamic config is refused as soon as no block is left for commits or reveals, so those that
/// leave more of them come first.
fn steps(current: CommitSettings, blocks: u32) -> Vec<(Number, u32)> {
    let mut steps = Vec::new();
    let (start, buffer) = (current.commit_offset_blocks, current.commit_buffer_blocks);
    if start.saturating_add(buffer) >= blocks {
        let buffer_max = blocks / 4;
        let buffers = [
            (COMMIT_BUFFER, buffer),
            (REVEAL_BUFFER, current.reveal_buffer_blocks),
        ];
        let long = buffers
            .into_iter()
            .filter(|(_, buffer)| *buffer > buffer_max);
        steps.extend(long.map(|(number, _)| (number, buffer_max)));
        steps.push((COMMIT_START, blocks / 2));
    }
    steps.push((INTERVAL, blocks));
    steps
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::rules::Rules;

    use super::*;

    #[test]
    fn each_step_of_the_remedy_can_be_set() {
        for blocks in [2, 3, 30, 40, 360, 376, 377, 1_000] {
            let mut config = Config::default();
            let current = Rules::new(&config, None).intervals;
            for (number, value) in steps(current, blocks) {
                match number.0 {
                    "interval_blocks" => config.interval_blocks = value,
                    "commit_start_offset" => config.commit_start_offset = value,
                    "commit_end_buffer" => config.commit_end_buffer = value,
                    "reveal_end_buffer" => config.reveal_end_buffer = value,
                    other => panic!("{other}"),
                }
                let checked = config.check();
                assert!(checked.is_ok(), "{blocks}, {}: {checked:?}", number.0);
            }
            assert_eq!(config.interval_blocks, blocks);
        }
    }

    #[test]
    fn interval_with_room_is_set_alone() {
        let current = Rules::new(&Config::default(), None).intervals;
        let remedy = remedy(current, 377, false);
        assert_eq!(remedy, "set `interval_blocks` of horde_weights to 377");
    }
}
