//! Stays below the rate at which the API refuses requests.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The API takes this many POST requests per minute from one address (tig-api.md section 1).
const POSTS_PER_MINUTE_MAX: usize = 20;

const MINUTE_MS: u64 = 60_000;

/// When the last requests were sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Rate(VecDeque<u64>);

impl Rate {
    /// Counts a request to be sent now; `false` if it must wait.
    pub(crate) fn take(&mut self, now_ms: u64) -> bool {
        while self
            .0
            .front()
            .is_some_and(|sent_ms| sent_ms + MINUTE_MS <= now_ms)
        {
            self.0.pop_front();
        }
        let is_free = self.0.len() < POSTS_PER_MINUTE_MAX;
        if is_free {
            self.0.push_back(now_ms);
        }
        is_free
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// No minute, wherever it begins, sees more requests than allowed, and none is held back for longer.
        #[test]
        fn no_minute_sees_too_many(steps_ms in proptest::collection::vec(0_u64..9_000, 1..200)) {
            let (mut rate, mut now_ms, mut sent) = (Rate::default(), 1_000_000, Vec::new());
            for step_ms in steps_ms {
                now_ms += step_ms;
                let within = |sent: &[u64]| sent.iter().filter(|&&at| at + MINUTE_MS > now_ms).count();
                let was_full = within(&sent) >= POSTS_PER_MINUTE_MAX;
                let granted = rate.take(now_ms);
                prop_assert_eq!(granted, !was_full);
                if granted {
                    sent.push(now_ms);
                }
                prop_assert!(within(&sent) <= POSTS_PER_MINUTE_MAX);
            }
        }
    }
}
