//! Rates over the last minutes, in constant space.

use serde::{Deserialize, Serialize};

/// A rate is measured over no less, so that the first amount does not count as the work of a moment.
const AGE_MS_MIN: u64 = 5_000;

/// A sum over about the last `WINDOW_MS`: what lies further back counts less and less. Its rate is right from the first seconds
/// on, for it counts as much of the past as there was.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Recent<const WINDOW_MS: u64> {
    /// As of `at_ms`.
    sum: f64,
    at_ms: u64,
}

impl<const WINDOW_MS: u64> Recent<WINDOW_MS> {
    /// The sum as it was at `at_ms`, see [`Recent::at`].
    #[must_use]
    pub fn from_sum(sum: f64, at_ms: u64) -> Self {
        Self { sum, at_ms }
    }

    /// Adds what happened at `now_ms`.
    pub fn add(&mut self, amount: f64, now_ms: u64) {
        self.sum = self.at(now_ms) + amount;
        self.at_ms = now_ms;
    }

    /// Amount per millisecond, of something that began at `begin_ms`. If that lies ahead, the clock was set back, and the rate is
    /// measured over the whole window.
    #[must_use]
    pub fn per_ms(&self, begin_ms: u64, now_ms: u64) -> f64 {
        let age_ms = now_ms.checked_sub(begin_ms);
        let age_ms = age_ms.map_or(f64::INFINITY, |age_ms| age_ms.max(AGE_MS_MIN) as f64);
        let window_ms = WINDOW_MS as f64;
        let measured_ms = window_ms * (1.0 - (-age_ms / window_ms).exp());
        self.at(now_ms) / measured_ms
    }

    /// The sum at `now_ms`.
    #[must_use]
    pub fn at(&self, now_ms: u64) -> f64 {
        let age_ms = now_ms.saturating_sub(self.at_ms) as f64;
        self.sum * (-age_ms / WINDOW_MS as f64).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_work_has_its_rate_from_the_start() {
        let mut recent = Recent::<60_000>::default();
        for second in 1..=3_600 {
            recent.add(50.0, second * 1_000);
            let rate = recent.per_ms(0, second * 1_000) * 1_000.0;
            assert!(
                second < 10 || (45.0..56.0).contains(&rate),
                "{rate} after {second} s"
            );
        }
        assert!(recent.per_ms(0, 3_900_000) * 1_000.0 < 1.0);
        assert_eq!(Recent::<60_000>::default().per_ms(0, 0), 0.0);
    }

    #[test]
    fn first_amount_is_not_the_work_of_a_moment() {
        let mut recent = Recent::<60_000>::default();
        recent.add(4.0, 1_000);
        let rate = recent.per_ms(1_000, 1_000) * 1_000.0;
        assert!((0.1..1.0).contains(&rate), "{rate}");
    }

    #[test]
    fn clock_set_back_does_not_raise_the_rate() {
        let mut recent = Recent::<60_000>::default();
        recent.add(4.0, 600_000);
        let rate = recent.per_ms(600_000, 1_000) * 1_000.0;
        assert!((0.01..0.1).contains(&rate), "{rate}");
    }
}
