//! What slaves have done in the last minutes.

use serde::{Deserialize, Serialize};
use tig_protocol::Recent;

/// The window of what happens now.
const SHORT_MS: u64 = 60_000;

/// The window of how it goes.
const LONG_MS: u64 = 900_000;

/// Rates of one slave, or of all of them together.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Rates {
    nonces_short: Recent<SHORT_MS>,
    nonces_long: Recent<LONG_MS>,
    /// Milliseconds with work, times slaves.
    busy_ms: Recent<LONG_MS>,
}

impl Rates {
    pub(crate) fn add_nonces(&mut self, nonces: u64, now_ms: u64) {
        self.nonces_short.add(nonces as f64, now_ms);
        self.nonces_long.add(nonces as f64, now_ms);
    }

    pub(crate) fn add_busy_ms(&mut self, busy_ms: u64, now_ms: u64) {
        self.busy_ms.add(busy_ms as f64, now_ms);
    }

    /// Nonces per second over 1 and 15 minutes.
    pub(crate) fn nonces_per_second(&self, begin_ms: u64, now_ms: u64) -> (f64, f64) {
        (
            self.nonces_short.per_ms(begin_ms, now_ms) * 1_000.0,
            self.nonces_long.per_ms(begin_ms, now_ms) * 1_000.0,
        )
    }

    /// Part of the last 15 minutes that was spent on work.
    pub(crate) fn busy_share(&self, begin_ms: u64, now_ms: u64) -> f64 {
        self.busy_ms.per_ms(begin_ms, now_ms).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_work_has_its_rates_from_the_start() {
        let mut rates = Rates::default();
        for second in 1..=3_600 {
            let now_ms = second * 1_000;
            rates.add_nonces(50, now_ms);
            rates.add_busy_ms(600, now_ms);
            if second > 10 {
                let (short, long) = rates.nonces_per_second(0, now_ms);
                assert!((45.0..56.0).contains(&short), "{short} after {second} s");
                assert!((45.0..56.0).contains(&long), "{long} after {second} s");
                let busy = rates.busy_share(0, now_ms);
                assert!((0.54..0.67).contains(&busy), "{busy} after {second} s");
            }
        }
        let (short, long) = rates.nonces_per_second(0, 3_900_000);
        assert!(short < 1.0 && long > 30.0, "{short} {long}");
    }

    #[test]
    fn busy_share_is_at_most_all_of_the_time() {
        let mut rates = Rates::default();
        rates.add_busy_ms(90_000, 1_000);
        assert!(rates.busy_share(0, 1_000) <= 1.0);
        assert_eq!(Rates::default().busy_share(0, 0), 0.0);
    }
}
