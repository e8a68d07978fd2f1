//! Time and randomness: the two inputs that extensions may get only from the host. Tests can control both.

mod jump;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) use jump::JumpWatch;

/// A clock that never goes back.
#[derive(Clone, Debug)]
pub enum Clock {
    /// Starts at the system's time and advances with the monotonic clock, whatever happens to the system's.
    System {
        /// The system's time at the start, since the Unix epoch.
        epoch: Duration,
        /// The instant of the start.
        started: Instant,
    },
    /// Advances only through its [`VirtualTime`].
    Virtual(VirtualTime),
}

impl Clock {
    /// Starts a clock at the system's time.
    #[must_use]
    pub(crate) fn start() -> Self {
        // A system clock before 1970 is wrong; a clock that starts at 1970 still runs.
        let epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self::System {
            epoch,
            started: Instant::now(),
        }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub(crate) fn now_ms(&self) -> u64 {
        match self {
            Self::System { .. } => self.now_us() / 1000,
            Self::Virtual(time) => time.0.load(Ordering::Acquire),
        }
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub(crate) fn now_us(&self) -> u64 {
        match self {
            Self::System { epoch, started } => {
                u64::try_from((*epoch + started.elapsed()).as_micros()).unwrap_or(u64::MAX)
            }
            Self::Virtual(_) => self.now_ms().saturating_mul(1000),
        }
    }

    /// Seconds that the system's clock is ahead of this one; negative if it is behind, and 0 for a virtual clock.
    #[must_use]
    pub(crate) fn system_ahead_s(&self) -> i64 {
        if self.is_virtual() {
            return 0;
        }
        let own = UNIX_EPOCH + Duration::from_micros(self.now_us());
        let seconds = |by: Duration| i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(own) {
            Ok(by) => seconds(by),
            Err(error) => -seconds(error.duration()),
        }
    }

    /// Whether the clock is a virtual one.
    #[must_use]
    pub(crate) fn is_virtual(&self) -> bool {
        matches!(self, Self::Virtual(_))
    }
}

/// Advances a virtual clock. Clones advance the same clock.
#[derive(Clone, Debug)]
pub struct VirtualTime(Arc<AtomicU64>);

impl VirtualTime {
    /// A clock that stands at this many milliseconds since the Unix epoch.
    #[must_use]
    pub fn from_ms(now_ms: u64) -> Self {
        Self(Arc::new(AtomicU64::new(now_ms)))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(by, Ordering::AcqRel);
    }
}

/// Random numbers for decisions such as weighted choices and jitter; not for keys.
///
/// Each extension has its own sequence, so that its numbers do not depend on when other extensions draw.
#[derive(Clone, Debug)]
pub struct Random {
    seed: [u8; 32],
}

impl Random {
    /// Seeded by the operating system.
    #[must_use]
    pub(crate) fn from_system() -> Self {
        let mut seed = [0; 32];
        for part in seed.chunks_exact_mut(8) {
            part.copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes());
        }
        Self { seed }
    }

    /// The same sequences for the same seed, in every run and on every machine.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let seed = *blake3::hash(&seed.to_le_bytes()).as_bytes();
        Self { seed }
    }

    /// 64 random bits: number `index` in the sequence of `extension`.
    #[must_use]
    pub(crate) fn number(&self, extension: &str, index: u64) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(&index.to_le_bytes());
        hasher.update(extension.as_bytes());
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_clock_advances_only_by_hand() {
        let time = VirtualTime::from_ms(1_000);
        let clock = Clock::Virtual(time.clone());
        assert_eq!(clock.now_ms(), 1_000);
        time.advance(Duration::from_millis(250));
        assert_eq!(clock.now_ms(), 1_250);
    }

    #[test]
    fn each_extension_has_its_own_random_sequence() {
        let row = |seed, extension| -> Vec<u64> {
            let random = Random::seeded(seed);
            (0..8)
                .map(|index| random.number(extension, index))
                .collect()
        };
        assert_eq!(row(1, "a"), row(1, "a"));
        assert_ne!(row(1, "a"), row(1, "b"));
        assert_ne!(row(1, "a"), row(2, "a"));
        assert_eq!(
            row(1, "a")[0],
            13_099_979_904_413_576_994,
            "pinned: recorded runs depend on it"
        );
    }

    #[test]
    fn system_seeds_differ() {
        let first = || Random::from_system().number("a", 0);
        assert_ne!(first(), first());
    }
}
