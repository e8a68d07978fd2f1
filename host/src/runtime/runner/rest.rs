//! The pauses of an extension whose instance is restored from storage again and again.
//!
//! Invariant: a single failure costs no rest; an instance is restored at most once per [`REST_MAX`] while handlers keep
//! failing. Items wait in the mailbox meanwhile, so an extension whose events find no room leaves time to those that
//! make room.

use std::time::{Duration, Instant};

/// The rest after the second failure in a row; it doubles with each further one.
const REST_MIN: Duration = Duration::from_millis(10);

/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(1);

/// A failure after so long without another counts as the first. Longer than [`REST_MAX`], shorter than the time between
/// two `update`s.
const QUIET_MIN: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Number of restores without a quiet time in between.
    in_a_row: u32,
    last: Option<Instant>,
    until: Option<Instant>,
}

impl Rest {
    /// Begins the rest after a restore.
    pub(super) fn restored(&mut self, now: Instant) {
        let was_quiet = |last: Instant| now.saturating_duration_since(last) >= QUIET_MIN;
        if self.last.is_none_or(was_quiet) {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.last = Some(now);
        let doublings = self.in_a_row.checked_sub(2);
        let rest = doublings.map(|doublings| REST_MIN.saturating_mul(1 << doublings.min(16)));
        self.until = rest.map(|rest| now + rest.min(REST_MAX));
    }

    /// End of the present rest, if there is one.
    pub(super) fn pending(&mut self) -> Option<Instant> {
        self.until = self.until.filter(|until| Instant::now() < *until);
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rests(rest: &mut Rest, times: usize, gap: Duration, now: &mut Instant) -> Vec<Duration> {
        let rest_once = |_| {
            rest.restored(*now);
            let length = rest.until.map_or(Duration::ZERO, |until| until - *now);
            *now += length + gap;
            length
        };
        (0..times).map(rest_once).collect()
    }

    #[test]
    fn repeated_failures_rest_longer() {
        let (mut rest, mut now) = (Rest::default(), Instant::now());
        let lengths = rests(&mut rest, 12, Duration::ZERO, &mut now);
        assert_eq!(lengths[..3], [Duration::ZERO, REST_MIN, 2 * REST_MIN]);
        assert!(lengths.is_sorted());
        assert_eq!(lengths[11], REST_MAX);
    }

    #[test]
    fn rare_failures_cost_no_rest() {
        let (mut rest, mut now) = (Rest::default(), Instant::now());
        let lengths = rests(&mut rest, 12, QUIET_MIN, &mut now);
        assert_eq!(lengths, [Duration::ZERO; 12]);
    }
}
