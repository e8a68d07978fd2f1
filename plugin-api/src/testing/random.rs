//! Random numbers of the harness.

use super::Harness;
use crate::Extension;

/// SplitMix64: the same numbers for the same seed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// The numbers of `seed`. Neighbouring seeds have nothing in common.
    pub(super) fn from_seed(seed: u64) -> Self {
        Self { state: mix(seed) }
    }

    pub(super) fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }
}

impl<E: Extension> Harness<E> {
    /// Draws the random numbers of this seed from now on, from their beginning. [`Setup::with_seed`](super::Setup::with_seed)
    /// chooses the seed before `new`.
    pub fn set_seed(&mut self, seed: u64) {
        self.host.random = Random::from_seed(seed);
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seed: u64) -> [u64; 3] {
        let mut random = Random::from_seed(seed);
        std::array::from_fn(|_| random.next_u64())
    }

    #[test]
    fn seed_zero_has_the_numbers_of_splitmix64() {
        let published = [
            0xe220_a839_7b1d_cdaf,
            0x6e78_9e6a_a1b9_65f4,
            0x06c4_5d18_8009_454f,
        ];
        assert_eq!(numbers(0), published);
        assert_eq!(Random::default(), Random::from_seed(0));
    }

    #[test]
    fn neighbouring_seeds_share_no_number() {
        let (one, two) = (numbers(1), numbers(2));
        assert!(one.iter().all(|number| !two.contains(number)));
        assert_eq!(one, numbers(1));
    }
}
