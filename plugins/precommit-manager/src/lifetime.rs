//! Whether a precommit could be finished while its proof still counts.

use serde::{Deserialize, Serialize};
use tig_events::ChallengeThroughput;

/// Blocks of a benchmark's useful life that pass while nothing is computed: for precommit, benchmark and proof to be
/// confirmed, and one for good measure.
const CONFIRMING_BLOCKS: u32 = 4;

/// Weight of the newest block in the average time between blocks.
const NEWEST: f64 = 0.2;

/// The time between blocks, as they come.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct BlockClock {
    last: Option<(u32, u64)>,
    seconds: Option<f64>,
}

impl BlockClock {
    pub(crate) fn see(&mut self, height: u32, now_ms: u64) {
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
    pub(crate) fn seconds(&self) -> Option<f64> {
        self.seconds
    }
}

/// Seconds that a precommit needs, and those that it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lifetime {
    pub(crate) needed: f64,
    pub(crate) available: f64,
}

impl Lifetime {
    /// `None` while one of the measurements is missing.
    pub(crate) fn new(
        throughput: Option<&ChallengeThroughput>,
        new_nonces: u64,
        useful_blocks: Option<u32>,
        block_seconds: Option<f64>,
    ) -> Option<Self> {
        let throughput = throughput?;
        let nonces = (throughput.open_nonces + new_nonces) as f64;
        let blocks = useful_blocks?.saturating_sub(CONFIRMING_BLOCKS);
        Some(Self {
            needed: nonces / throughput.nonces_per_second?,
            available: f64::from(blocks) * block_seconds?,
        })
    }

    pub(crate) fn is_enough(self) -> bool {
        self.needed <= self.available
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

    #[test]
    fn nothing_is_said_without_measurements() {
        let measured = ChallengeThroughput {
            nonces_per_second: Some(10.0),
            open_nonces: 1_000,
        };
        let lifetime = Lifetime::new(Some(&measured), 500, Some(29), Some(60.0)).unwrap();
        assert_eq!(lifetime.needed, 150.0);
        assert_eq!(lifetime.available, 1_500.0);
        assert!(lifetime.is_enough());
        assert_eq!(Lifetime::new(None, 500, Some(29), Some(60.0)), None);
        assert_eq!(Lifetime::new(Some(&measured), 500, None, Some(60.0)), None);
        assert_eq!(Lifetime::new(Some(&measured), 500, Some(29), None), None);
    }
}
