//! Xoshiro256++ (R3) and how an instance seed becomes its state (R2).

use super::step::step;
use super::{ChaCha12, Rng, jump};

/// Xoshiro256++ with four 64-bit words of state on every target.
///
/// `rand` reseeds the all-zero state; no seed is known to lead there, so this one does not.
#[derive(Debug, Clone)]
pub struct Xoshiro256PlusPlus {
    state: [u64; 4],
}

impl Xoshiro256PlusPlus {
    /// The generator of every instance: its state is the low byte of each of 32 ChaCha12 words (R1, R2, R3).
    pub fn from_instance_seed(seed: [u8; 32]) -> Self {
        let mut words = ChaCha12::from_seed(seed);
        Self::from_seed(std::array::from_fn(|_| words.next_u32() as u8))
    }

    /// The generator whose state is `seed`, read as four little-endian words.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let (words, _) = seed.as_chunks::<8>();
        Self {
            state: std::array::from_fn(|i| u64::from_le_bytes(words[i])),
        }
    }

    /// This generator after so many draws of 64 bits, without drawing them.
    #[must_use]
    pub fn ahead(&self, draws: u64) -> Self {
        Self {
            state: jump::ahead(self.state, draws),
        }
    }
}

impl Rng for Xoshiro256PlusPlus {
    /// The high half of a 64-bit draw.
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        step(s);
        out
    }
}
