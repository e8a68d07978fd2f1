//! The time at which things happen to a miner.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock that shows Unix time and never goes back: the system's time when it was started, and what has passed since.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    start_unix_us: i64,
}

impl Clock {
    /// Starts a clock.
    pub fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        Self {
            start: Instant::now(),
            start_unix_us: i64::try_from(micros).unwrap_or(i64::MAX),
        }
    }

    /// Microseconds since 1970.
    pub fn unix_us(&self) -> i64 {
        let passed = i64::try_from(self.start.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.start_unix_us.saturating_add(passed)
    }
}
