//! How many batches are fetched ahead of the compute stage: as many as it computes during a slow fetch. No I/O, no clock.
//!
//! Invariant: the batches ahead take no longer to compute than one batch and the slowest fetch that counts. Another slave could
//! compute a batch that waits here, and if this slave is killed nobody can until the lease ends.

use std::collections::VecDeque;
use std::time::Duration;

/// Batches ahead at most.
pub(super) const AHEAD_MAX: usize = 16;
/// A slower fetch counts as one of this time.
const FETCH_MS_MAX: u64 = 5_000;
/// A poll that took longer was held by the master for want of work, which no batch ahead could help.
const POLL_MS_MAX: u64 = 1_000;
/// Fetches remembered: the first batch of a job, whose module must be downloaded, is followed by some that are quick.
const FETCHES_MAX: usize = 64;
/// Weight of the newest batch in the mean.
const COMPUTE_WEIGHT: f64 = 0.25;

/// Times that this slave has measured.
#[derive(Debug, Default)]
pub(super) struct Lookahead {
    /// The last fetches.
    fetches: VecDeque<Duration>,
    /// Seconds to compute a batch: the last one, and in the mean.
    compute: Option<(f64, f64)>,
}

impl Lookahead {
    /// A batch was fetched: `poll` until it came, `module` until its module was ready.
    pub(super) fn fetched(&mut self, poll: Duration, module: Duration) {
        let is_held = poll > Duration::from_millis(POLL_MS_MAX);
        let fetch = if is_held { module } else { poll + module };
        self.fetches
            .push_back(fetch.min(Duration::from_millis(FETCH_MS_MAX)));
        if self.fetches.len() > FETCHES_MAX {
            self.fetches.pop_front();
        }
    }

    /// A batch was computed.
    pub(super) fn computed(&mut self, time: Duration) {
        let last = time.as_secs_f64();
        let mean = self
            .compute
            .map_or(last, |(_, mean)| mean + (last - mean) * COMPUTE_WEIGHT);
        self.compute = Some((last, mean));
    }

    /// Batches to have ahead now. One is enough unless a fetch takes longer than a batch, and a long batch counts at once.
    pub(super) fn depth(&self) -> usize {
        let Some((last, mean)) = self.compute else {
            return 1;
        };
        let slowest = self.fetches.iter().max().map_or(0.0, Duration::as_secs_f64);
        // The cast saturates.
        let during_fetch = (slowest / last.max(mean)).ceil() as usize;
        during_fetch.clamp(1, AHEAD_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn after(fetch_ms: u64, compute_ms: u64) -> Lookahead {
        let mut lookahead = Lookahead::default();
        lookahead.fetched(ms(0), ms(fetch_ms));
        lookahead.computed(ms(compute_ms));
        lookahead
    }

    #[test]
    fn as_many_as_are_computed_during_a_fetch() {
        let depth = |fetch_ms, compute_ms| after(fetch_ms, compute_ms).depth();
        assert_eq!(Lookahead::default().depth(), 1, "nothing is known");
        assert_eq!(depth(2, 20_000), 1);
        assert_eq!(depth(100, 100), 1);
        assert_eq!(depth(101, 100), 2);
        assert_eq!(depth(1_000, 100), 10);
        assert_eq!(depth(1_000, 1), AHEAD_MAX);
        assert_eq!(depth(1_000, 0), AHEAD_MAX);
        assert_eq!(depth(0, 0), 1);
    }

    #[test]
    fn lookahead_is_bounded_by_a_slow_fetch_and_a_batch() {
        for compute_ms in [1, 10, 300, 2_000, 4_999, 5_000, 30_000, 600_000] {
            for fetch_ms in [0, 1, 50, 1_000, 5_000, 60_000] {
                let ahead = after(fetch_ms, compute_ms).depth() as u64 * compute_ms;
                assert!(ahead <= FETCH_MS_MAX.min(fetch_ms) + compute_ms);
            }
        }
    }

    #[test]
    fn held_poll_does_not_count_as_a_fetch() {
        let mut lookahead = after(10, 100);
        lookahead.fetched(ms(20_000), ms(10));
        assert_eq!(lookahead.depth(), 1);
    }

    #[test]
    fn long_batch_counts_at_once_and_slow_fetch_lasts() {
        let mut lookahead = after(1_000, 100);
        lookahead.computed(ms(2_000));
        assert_eq!(lookahead.depth(), 1);
        for _ in 0..20 {
            lookahead.fetched(ms(1), ms(0));
            lookahead.computed(ms(100));
        }
        assert_eq!(lookahead.depth(), 10, "{lookahead:?}");
        for _ in 0..FETCHES_MAX {
            lookahead.fetched(ms(1), ms(0));
        }
        assert_eq!(lookahead.depth(), 1);
    }

    /// A slave whose every twentieth fetch is slow: milliseconds that its compute stage has waited for a batch, from the
    /// second slow fetch on.
    fn waited(slow_ms: u64, compute_ms: u64) -> u64 {
        let fetch_ms = |number: usize| {
            if number.is_multiple_of(20) {
                slow_ms
            } else {
                2
            }
        };
        let mut lookahead = Lookahead::default();
        // When each batch was ready, and when the compute stage took it.
        let (mut ready, mut taken): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        let (mut fetcher_free, mut computer_free, mut waited) = (0, 0, 0);
        for number in 0..200_usize {
            // A fetch begins when the last one has ended and there is room: so many must have been taken.
            let room = number.checked_sub(lookahead.depth());
            let begin = room.map_or(0, |index| taken[index]).max(fetcher_free);
            fetcher_free = begin + fetch_ms(number);
            ready.push(fetcher_free);
            lookahead.fetched(ms(2), ms(fetch_ms(number) - 2));
            let begin = computer_free.max(ready[number]);
            waited += if number > 20 {
                begin - computer_free
            } else {
                0
            };
            taken.push(begin);
            computer_free = begin + compute_ms;
            lookahead.computed(ms(compute_ms));
        }
        waited
    }

    #[test]
    fn the_compute_stage_does_not_wait_for_slow_fetches() {
        for (slow_ms, compute_ms) in [(2, 5), (100, 30), (1_000, 100), (900, 1_000), (4_000, 300)] {
            assert_eq!(waited(slow_ms, compute_ms), 0, "{slow_ms} {compute_ms}");
        }
        assert!(waited(4_000, 100) > 0, "so much ahead would be hoarding");
    }
}
