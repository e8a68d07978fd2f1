//! Bounds lines on screen: what is too much in a second is counted instead.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::timeout;

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

    /// Lines that were left out and not counted on screen yet.
    pub(super) fn take_left_out(&mut self) -> Option<usize> {
        Some(std::mem::take(&mut self.left_out)).filter(|count| *count > 0)
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

/// Waits for what comes next; `pause` is called if that takes long.
pub(super) async fn next_or_pause<T>(next: impl Future<Output = T>, pause: impl FnOnce()) -> T {
    let mut next = pin!(next);
    match timeout(WINDOW, next.as_mut()).await {
        Ok(next) => next,
        Err(_) => {
            pause();
            next.await
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

    #[tokio::test]
    async fn pause_is_noticed_while_waiting() {
        let mut pauses = 0;
        next_or_pause(tokio::time::sleep(WINDOW / 2), || pauses += 1).await;
        assert_eq!(pauses, 0);
        next_or_pause(tokio::time::sleep(WINDOW * 3 / 2), || pauses += 1).await;
        assert_eq!(pauses, 1);
    }

    #[test]
    fn left_out_lines_are_taken_once() {
        let start = Instant::now();
        let mut throttle = Throttle::new(1, start);
        assert_eq!(throttle.take_left_out(), None);
        let _ = [(); 3].map(|()| throttle.pass(start));
        assert_eq!(throttle.take_left_out(), Some(2));
        assert_eq!(throttle.pass(start + WINDOW), Pass::Show);
    }
}
