//! When it is time for a block.

/// Blocks that are made at once after the clock has jumped, such as when the machine has slept.
const CATCH_UP_COUNT_MAX: i64 = 10_000;

/// A clock of blocks, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockClock {
    /// 0 if blocks are made by hand.
    interval_us: i64,
    next_us: i64,
}

impl BlockClock {
    pub(super) fn new(block_ms: u64, now_us: i64) -> Self {
        let interval_us = i64::try_from(block_ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Self {
            interval_us,
            next_us: now_us.saturating_add(interval_us),
        }
    }

    pub(super) fn next_us(&self) -> Option<i64> {
        (self.interval_us > 0).then_some(self.next_us)
    }

    /// How many blocks are due; counts from then on.
    pub(super) fn take_due(&mut self, now_us: i64) -> i64 {
        if self.interval_us == 0 || now_us < self.next_us {
            return 0;
        }
        let count = (now_us - self.next_us) / self.interval_us + 1;
        self.next_us = self
            .next_us
            .saturating_add(count.saturating_mul(self.interval_us));
        count.min(CATCH_UP_COUNT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_due_by_the_clock() {
        let mut clock = BlockClock::new(100, 1_000_000);
        assert_eq!(clock.next_us(), Some(1_100_000));
        assert_eq!(clock.take_due(1_099_999), 0);
        assert_eq!(clock.take_due(1_100_000), 1);
        // A late look does not shift the blocks after it.
        assert_eq!(clock.take_due(1_350_000), 2);
        assert_eq!(clock.next_us(), Some(1_400_000));
        assert_eq!(clock.take_due(i64::MAX), CATCH_UP_COUNT_MAX);
    }

    #[test]
    fn blocks_by_hand_are_never_due() {
        let mut clock = BlockClock::new(0, 5);
        assert_eq!(clock.next_us(), None);
        assert_eq!(clock.take_due(i64::MAX), 0);
    }
}
