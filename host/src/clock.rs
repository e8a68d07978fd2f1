//! Time and randomness: the two inputs that extensions may only get from the host.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A clock that starts at the system's time and from then on only goes forward, whatever happens to the system's.
#[derive(Debug)]
pub struct Clock {
    epoch: Duration,
    started: Instant,
}

impl Clock {
    /// Starts the clock.
    #[must_use]
    pub fn start() -> Self {
        // A system clock before 1970 is a broken one; starting from 1970 still gives a clock that runs.
        let epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            epoch,
            started: Instant::now(),
        }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        u64::try_from((self.epoch + self.started.elapsed()).as_millis()).unwrap_or(u64::MAX)
    }
}

/// Random numbers for decisions such as weighted choices and jitter; not for keys.
#[derive(Debug)]
pub struct Random {
    state: RandomState,
    counter: AtomicU64,
}

impl Random {
    /// Seeded by the operating system.
    #[must_use]
    pub fn from_system() -> Self {
        Self {
            state: RandomState::new(),
            counter: AtomicU64::new(0),
        }
    }

    /// 64 random bits: the keyed SipHash of a counter.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.state
            .hash_one(self.counter.fetch_add(1, Ordering::Relaxed))
    }
}
