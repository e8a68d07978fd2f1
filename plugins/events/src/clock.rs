//! How long blocks take.

use serde::{Deserialize, Serialize};

/// Weight of the newest block in the average time between blocks.
const NEWEST: f64 = 0.2;

/// The time between blocks, as they come.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct BlockClock {
    last: Option<(u32, u64)>,
    seconds: Option<f64>,
}

impl BlockClock {
    /// Takes in that a block of this height is the newest one.
    pub fn see(&mut self, height: u32, now_ms: u64) {
        if let Some((last, then_ms)) = self.last
            && height > last
        {
            let passed = now_ms.saturating_sub(then_ms) as f64 / 1_000.0;
            let newest = passed / f64::from(height - last);
            let before = self.seconds.unwrap_or(newest);
            self.seconds = Some(before + (newest - before) * NEWEST);
        }
        if self.last.is_none_or(|(last, _)| height != last) {
            self.last = Some((height, now_ms));
        }
    }

    /// Average seconds between blocks; `None` before the second one.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_times_are_averaged_and_gaps_count_by_height() {
        let mut clock = BlockClock::default();
        assert_eq!(clock.seconds(), None);
        for block in 0..10 {
            clock.see(100 + block, u64::from(block) * 60_000);
            clock.see(100 + block, u64::from(block) * 60_000 + 30_000);
        }
        assert_eq!(clock.seconds(), Some(60.0));
        clock.see(209, 9 * 60_000 + 100 * 60_000);
        assert_eq!(clock.seconds(), Some(60.0), "a hundred blocks were missed");
        clock.see(200, 9 * 60_000 + 101 * 60_000);
        assert_eq!(clock.seconds(), Some(60.0), "going back says nothing");
    }
}
