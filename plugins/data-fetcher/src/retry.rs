//! When to try again after failures, and which of them to log.

use tig_protocol::Backoff;

/// Delay after the second failure in a row; the first is tried again at once, that is at the next `update`.
const RETRY_DELAY_MS_MIN: u64 = 5_000;

/// The delay doubles up to this.
const RETRY_DELAY_MS_MAX: u64 = 60_000;

const BACKOFF: Backoff = Backoff::from_millis(RETRY_DELAY_MS_MIN, RETRY_DELAY_MS_MAX);

/// Failures in a row are logged as number 1, 2, 4, 8, .. and from here on every so many.
const FAILURES_BETWEEN_LOGS_MAX: u32 = 64;

/// Failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    failures: u32,
    due_ms: u64,
}

impl Retry {
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        now_ms >= self.due_ms
    }

    /// Counts a failure; `unit` in `[0, 1)` spreads the retries of many hosts. Returns whether to log it loudly.
    pub(crate) fn failed(&mut self, now_ms: u64, unit: f64) -> bool {
        self.failures = self.failures.saturating_add(1);
        let delay_ms = match self.failures {
            1 => 0,
            n => BACKOFF.delay(n - 1, unit).as_millis() as u64,
        };
        self.due_ms = now_ms.saturating_add(delay_ms);
        self.failures.is_power_of_two() || self.failures.is_multiple_of(FAILURES_BETWEEN_LOGS_MAX)
    }

    /// The API asks to be left alone for a while.
    pub(crate) fn rest(&mut self, now_ms: u64) {
        self.wait(now_ms, RETRY_DELAY_MS_MAX);
    }

    /// There is no turn for a request before.
    pub(crate) fn wait(&mut self, now_ms: u64, wait_ms: u64) {
        self.due_ms = self.due_ms.max(now_ms.saturating_add(wait_ms));
    }

    /// Forgets the failures and returns how many there were.
    pub(crate) fn succeeded(&mut self) -> u32 {
        std::mem::take(self).failures
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_delay_is_bounded_and_never_ends(failures in 1_u32..500, unit in 0.0..1.0) {
            let mut retry = Retry { failures: failures - 1, due_ms: 0 };
            retry.failed(1_000_000, unit);
            prop_assert!(retry.due_ms >= 1_000_000);
            prop_assert!(retry.due_ms <= 1_000_000 + RETRY_DELAY_MS_MAX);
            prop_assert!(failures == 1 || retry.due_ms >= 1_000_000 + RETRY_DELAY_MS_MIN / 2);
        }
    }

    #[test]
    fn logs_thin_out() {
        let mut retry = Retry::default();
        let logged: Vec<u32> = (1..=200).filter(|_| retry.failed(0, 0.0)).collect();
        assert_eq!(logged, [1, 2, 4, 8, 16, 32, 64, 128, 192]);
        assert_eq!(retry.succeeded(), 200);
        assert_eq!(retry.succeeded(), 0);
    }
}
