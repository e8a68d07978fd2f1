//! How long to wait before the next attempt: doubling, bounded, jittered. Pure: randomness comes in as an argument.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Doubling delays between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Delay after the first failure, before jitter.
    pub first: Duration,
    /// Largest delay.
    pub max: Duration,
}

impl Backoff {
    /// Delay after `failures` failures in a row (1 = the first). `unit` in `[0, 1)` moves it inside the upper half,
    /// so that a fleet that failed together does not come back together.
    #[must_use]
    pub fn delay(&self, failures: u32, unit: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let full = self.first.saturating_mul(1 << doublings).min(self.max);
        full.mul_f64(0.5 + unit.clamp(0.0, 1.0) / 2.0)
    }
}

/// A random number in `[0, 1)` for [`Backoff::delay`]; not for secrets.
pub(crate) fn jitter_unit() -> f64 {
    // 53 bits are what a f64 holds exactly.
    (random_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A random number from the keys that the standard library draws for hash maps; not for secrets.
pub(crate) fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_millis(250),
        max: Duration::from_secs(2),
    };

    #[test]
    fn delays_double_up_to_the_bound() {
        let delays: Vec<u128> = (1..=6)
            .map(|failures| BACKOFF.delay(failures, 1.0).as_millis())
            .collect();
        assert_eq!(delays, [250, 500, 1000, 2000, 2000, 2000]);
        assert_eq!(BACKOFF.delay(u32::MAX, 1.0), BACKOFF.max);
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for failures in 1..8 {
            let full = BACKOFF.delay(failures, 1.0);
            assert_eq!(BACKOFF.delay(failures, 0.0), full / 2);
            let drawn = BACKOFF.delay(failures, jitter_unit());
            assert!(drawn >= full / 2 && drawn <= full);
        }
    }
}
