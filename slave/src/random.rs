//! Random numbers for jitter and file names; not for secrets.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A random number in `[0, 1)`.
pub(crate) fn random_unit() -> f64 {
    // 53 bits are what a f64 holds exactly.
    (random_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A random number from the keys that the standard library draws for hash maps.
pub(crate) fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_drawn_from_the_whole_unit() {
        let units: Vec<f64> = (0..200).map(|_| random_unit()).collect();
        assert!(units.iter().all(|unit| (0.0..1.0).contains(unit)));
        assert!(units.iter().any(|unit| *unit < 0.5));
        assert!(units.iter().any(|unit| *unit >= 0.5));
    }
}
