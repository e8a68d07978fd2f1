//! Audits of the last hour that no slave has taken.

use std::collections::VecDeque;

const HOUR_MS: u64 = 3_600_000;

/// Audits that are remembered.
const AUDITS_COUNT_MAX: usize = 10_000;

/// When each was given up, the oldest first.
#[derive(Default)]
pub(crate) struct Unclaimed(VecDeque<u64>);

impl Unclaimed {
    pub(crate) fn add(&mut self, now_ms: u64) {
        if self.0.len() >= AUDITS_COUNT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(now_ms);
    }

    pub(crate) fn of_last_hour(&self, now_ms: u64) -> usize {
        let is_old = |at_ms: &u64| now_ms.saturating_sub(*at_ms) >= HOUR_MS;
        self.0.len() - self.0.partition_point(is_old)
    }
}
