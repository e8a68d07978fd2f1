//! How long to wait before the next attempt: doubling, bounded, jittered. Randomness comes in as an argument.

use std::time::Duration;

/// Doublings that are counted; the bound is reached long before.
const DOUBLINGS_MAX: u32 = 31;

/// Doubling delays between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Delay after the first failure, before jitter.
    pub first: Duration,
    /// Largest delay.
    pub max: Duration,
}

impl Backoff {
    /// Bounds in milliseconds.
    #[must_use]
    pub const fn from_millis(first_ms: u64, max_ms: u64) -> Self {
        Self {
            first: Duration::from_millis(first_ms),
            max: Duration::from_millis(max_ms),
        }
    }

    /// Delay after `failures` failures in a row (1 = the first), without jitter.
    #[must_use]
    pub fn full_delay(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(DOUBLINGS_MAX);
        self.first.saturating_mul(1 << doublings).min(self.max)
    }

    /// The same with jitter: `unit` in `[0, 1)` moves the delay inside its upper half, so that a fleet that failed together
    /// does not come back together.
    #[must_use]
    pub fn delay(&self, failures: u32, unit: f64) -> Duration {
        let full = self.full_delay(failures);
        full.mul_f64(0.5 + unit.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::from_millis(250, 2_000);

    #[test]
    fn delays_double_up_to_the_bound() {
        let delays = (1..=6).map(|failures| BACKOFF.full_delay(failures).as_millis());
        let delays: Vec<u128> = delays.collect();
        assert_eq!(delays, [250, 500, 1000, 2000, 2000, 2000]);
        assert_eq!(BACKOFF.full_delay(u32::MAX), BACKOFF.max);
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for failures in 1..8 {
            let full = BACKOFF.full_delay(failures);
            assert_eq!(BACKOFF.delay(failures, 0.0), full / 2);
            assert_eq!(BACKOFF.delay(failures, 1.0), full);
            // A number outside the unit counts as the nearest one.
            assert_eq!(BACKOFF.delay(failures, f64::MIN), full / 2);
        }
    }
}
