//! Stays below the rate at which the API refuses requests.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// The API takes this many POST requests per minute from one address (tig-api.md section 1).
const POSTS_PER_MINUTE_MAX: usize = 20;

/// Each precommit calls for a benchmark and a proof later. More precommits than a third of all requests would keep those
/// waiting, and what has been paid for would run out of time.
const PRECOMMITS_PER_MINUTE_MAX: usize = POSTS_PER_MINUTE_MAX / 3;

const MINUTE_MS: u64 = 60_000;

/// When the last requests were sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Rate(VecDeque<(u64, Kind)>);

impl Rate {
    /// Counts a request to be sent now; `false` if it must wait.
    pub(crate) fn take(&mut self, now_ms: u64, kind: Kind) -> bool {
        let is_over = |sent_ms: u64| sent_ms + MINUTE_MS <= now_ms;
        while self.0.front().is_some_and(|(sent_ms, _)| is_over(*sent_ms)) {
            self.0.pop_front();
        }
        let precommits = self.0.iter().filter(|(_, of)| *of == Kind::Precommit);
        let is_free = self.0.len() < POSTS_PER_MINUTE_MAX
            && (kind != Kind::Precommit || precommits.count() < PRECOMMITS_PER_MINUTE_MAX);
        if is_free {
            self.0.push_back((now_ms, kind));
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
        fn no_minute_sees_too_many(
            requests in prop::collection::vec((0_u64..9_000, prop::sample::select(&Kind::ALL)), 1..200),
        ) {
            let (mut rate, mut now_ms, mut sent) = (Rate::default(), 1_000_000, Vec::new());
            for (step_ms, kind) in requests {
                now_ms += step_ms;
                let last: Vec<Kind> =
                    sent.iter().filter(|(at, _)| at + MINUTE_MS > now_ms).map(|(_, kind)| *kind).collect();
                let precommits = last.iter().filter(|kind| **kind == Kind::Precommit).count();
                let must_wait = last.len() >= POSTS_PER_MINUTE_MAX
                    || (kind == Kind::Precommit && precommits >= PRECOMMITS_PER_MINUTE_MAX);
                prop_assert_eq!(rate.take(now_ms, kind), !must_wait);
                if !must_wait {
                    sent.push((now_ms, kind));
                }
            }
        }
    }

    #[test]
    fn precommits_leave_room_for_what_they_call_for() {
        let mut rate = Rate::default();
        let sent = (0..100).filter(|_| rate.take(0, Kind::Precommit)).count();
        assert_eq!(sent, PRECOMMITS_PER_MINUTE_MAX);
        assert!((0..2 * sent).all(|_| rate.take(0, Kind::Proof)));
    }
}
