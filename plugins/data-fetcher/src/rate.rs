//! Stays below the rate at which the API refuses requests.

use std::collections::VecDeque;

/// The API answers this many GET requests per minute from one address (tig-api.md section 1): a whole round with each
/// `update`.
const GETS_PER_MINUTE_MAX: usize = 60;

const MINUTE_MS: u64 = 60_000;

/// When the last requests were sent.
#[derive(Debug, Default)]
pub(crate) struct Rate(VecDeque<u64>);

impl Rate {
    /// Counts so many requests that begin now; `false` if they must wait.
    pub(crate) fn take(&mut self, now_ms: u64, count: usize) -> bool {
        let is_over = |sent_ms: u64| sent_ms + MINUTE_MS <= now_ms;
        while self.0.front().is_some_and(|sent_ms| is_over(*sent_ms)) {
            self.0.pop_front();
        }
        let is_free = self.0.len() + count <= GETS_PER_MINUTE_MAX;
        if is_free {
            self.0.extend(std::iter::repeat_n(now_ms, count));
        }
        is_free
    }

    /// The last ones counted were not sent.
    pub(crate) fn give_back(&mut self, count: usize) {
        self.0.truncate(self.0.len().saturating_sub(count));
    }
}
