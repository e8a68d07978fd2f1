//! Bounds lines on screen: what is too much in a second is counted instead.

use std::time::{Duration, Instant};

/// Time for which lines are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// Lines of one topic.
#[derive(Debug)]
pub(super) struct Throttle {
    lines_max: usize,
    begun: Instant,
    shown: usize,
    left_out: usize,
}

/// What becomes of a line.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Pass {
    /// It is shown.
    Show,
    /// It is shown after a word on so many that were left out.
    ShowAfter(usize),
    /// It is left out.
    LeaveOut,
}

impl Throttle {
    /// At most so many lines in a second.
    pub(super) fn new(lines_max: usize, now: Instant) -> Self {
        Self {
            lines_max,
            begun: now,
            shown: 0,
            left_out: 0,
        }
    }

    /// Decides about a line.
    pub(super) fn pass(&mut self, now: Instant) -> Pass {
        if now.saturating_duration_since(self.begun) >= WINDOW {
            self.begun = now;
            self.shown = 0;
        }
        if self.shown == self.lines_max {
            self.left_out += 1;
            return Pass::LeaveOut;
        }
        self.shown += 1;
        match std::mem::take(&mut self.left_out) {
            0 => Pass::Show,
            count => Pass::ShowAfter(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_bound_are_counted() {
        let start = Instant::now();
        let mut throttle = Throttle::new(2, start);
        let passed = [(); 4].map(|()| throttle.pass(start));
        assert_eq!(
            passed,
            [Pass::Show, Pass::Show, Pass::LeaveOut, Pass::LeaveOut]
        );
        assert_eq!(throttle.pass(start + WINDOW), Pass::ShowAfter(2));
        assert_eq!(throttle.pass(start + WINDOW), Pass::Show);
    }
}
