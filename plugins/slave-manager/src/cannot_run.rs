//! Algorithms that a slave has said it cannot run, each for a bounded time.
//!
//! The algorithm is that of a batch which the slave holds, so a slave decides only about the reason and the time.

use serde::{Deserialize, Serialize};

/// Algorithms remembered of a slave; the one that ends first makes room.
const ALGORITHM_COUNT_MAX: usize = 8;

/// A slave is offered no batch of such an algorithm for so long at least, whatever it asks for.
const RETRY_MS_MIN: u64 = 1_000;

/// And for no longer than this.
const RETRY_MS_MAX: u64 = 600_000;

/// The algorithms that one slave cannot run at present.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct CannotRun(Vec<Inability>);

/// One algorithm.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Inability {
    pub(crate) algorithm_id: String,
    pub(crate) reason: String,
    pub(crate) until_ms: u64,
}

impl CannotRun {
    /// Returns until when it holds, and whether the reason is another than before.
    pub(crate) fn add(
        &mut self,
        algorithm_id: &str,
        reason: &str,
        retry_ms: u64,
        now_ms: u64,
    ) -> (u64, bool) {
        let is_known = |of: &Inability| of.algorithm_id == algorithm_id && of.reason == reason;
        let is_news = !self.0.iter().any(is_known);
        self.remove(algorithm_id);
        self.0.sort_by_key(|of| std::cmp::Reverse(of.until_ms));
        self.0.truncate(ALGORITHM_COUNT_MAX - 1);
        let until_ms = now_ms.saturating_add(retry_ms.clamp(RETRY_MS_MIN, RETRY_MS_MAX));
        self.0.push(Inability {
            algorithm_id: algorithm_id.to_owned(),
            reason: reason.to_owned(),
            until_ms,
        });
        (until_ms, is_news)
    }

    /// A result shows that the slave can.
    pub(crate) fn remove(&mut self, algorithm_id: &str) {
        self.0.retain(|of| of.algorithm_id != algorithm_id);
    }

    /// Those that hold now. A clock that was set back makes none of them last longer.
    pub(crate) fn current(&self, now_ms: u64) -> impl Iterator<Item = &Inability> {
        self.lately(now_ms, 0)
    }

    /// Those that hold now or have ended less than `grace_ms` ago, and were not disproved since.
    pub(crate) fn lately(&self, now_ms: u64, grace_ms: u64) -> impl Iterator<Item = &Inability> {
        let left_ms =
            move |of: &Inability| of.until_ms.saturating_add(grace_ms).saturating_sub(now_ms);
        let longest_ms = RETRY_MS_MAX.saturating_add(grace_ms);
        self.0
            .iter()
            .filter(move |of| (1..=longest_ms).contains(&left_ms(of)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(cannot: &CannotRun, now_ms: u64) -> Vec<&str> {
        let current = cannot.current(now_ms);
        current.map(|of| of.algorithm_id.as_str()).collect()
    }

    #[test]
    fn stated_time_is_kept_within_bounds() {
        let mut cannot = CannotRun::default();
        assert_eq!(
            cannot.add("a", "no disk", 0, 100),
            (100 + RETRY_MS_MIN, true)
        );
        assert_eq!(
            cannot.add("b", "no disk", u64::MAX, 100),
            (100 + RETRY_MS_MAX, true)
        );
        assert_eq!(current(&cannot, 100 + RETRY_MS_MIN - 1), ["a", "b"]);
        assert_eq!(current(&cannot, 100 + RETRY_MS_MIN), ["b"]);
        assert_eq!(current(&cannot, 100 + RETRY_MS_MAX), [""; 0]);
    }

    #[test]
    fn same_reason_again_is_no_news() {
        let mut cannot = CannotRun::default();
        cannot.add("a", "no disk", 5_000, 0);
        assert!(!cannot.add("a", "no disk", 5_000, 9_000).1);
        assert!(cannot.add("a", "no threads", 5_000, 9_000).1);
    }

    #[test]
    fn remembered_algorithms_are_bounded() {
        let mut cannot = CannotRun::default();
        for number in 0..100 {
            cannot.add(&number.to_string(), "no disk", 5_000 + number, 0);
        }
        assert_eq!(current(&cannot, 0).len(), ALGORITHM_COUNT_MAX);
        assert!(current(&cannot, 0).contains(&"99"));
    }

    #[test]
    fn clock_set_back_ends_what_was_stated() {
        let mut cannot = CannotRun::default();
        cannot.add("a", "no disk", 5_000, 10 * RETRY_MS_MAX);
        assert_eq!(current(&cannot, 0), [""; 0]);
    }
}
