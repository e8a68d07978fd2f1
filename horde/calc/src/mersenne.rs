//! Python's `random.Random`: MT19937 with Python's seeding and draws, bit for bit.
//!
//! For draws that others repeat. Never for secrets: 624 outputs give away all later ones.

use std::num::NonZeroU64;

use rand_mt::Mt;
use sha2::{Digest, Sha512};

/// A generator that draws what Python's `random.Random` draws with the same seed.
#[derive(Clone, Debug)]
pub struct PythonRandom(Mt);

/// Bits of one output of the generator.
const WORD_BITS: u32 = 32;

impl PythonRandom {
    /// `Random(text)`: seeds with the text and its SHA-512 as one big-endian integer.
    pub fn from_text(text: &str) -> Self {
        let mut integer = text.as_bytes().to_vec();
        integer.extend(Sha512::digest(text));
        Self::from_big_endian(&integer)
    }

    /// `Random(integer)`: the sign does not count.
    pub fn from_integer(integer: i64) -> Self {
        Self::from_big_endian(&integer.unsigned_abs().to_be_bytes())
    }

    /// The key is the integer's words, least significant first, without zeros at the end; of zero, one word.
    fn from_big_endian(integer: &[u8]) -> Self {
        let mut key: Vec<u32> = integer.rchunks(4).map(word).collect();
        while key.len() > 1 && key.last() == Some(&0) {
            key.pop();
        }
        Self(Mt::new_with_key(key))
    }

    /// The generator's next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// `random()`: a number from 0 up to 1 with 53 bits.
    pub fn random(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5);
        let low = f64::from(self.next_u32() >> 6);
        (high * f64::from(1 << 26) + low) / (1_u64 << 53) as f64
    }

    /// `getrandbits(bits)`, or nothing beyond 64 bits.
    pub fn random_bits(&mut self, bits: u32) -> Option<u64> {
        (bits <= u64::BITS).then(|| self.draw_bits(bits))
    }

    /// A number of `bits` bits, 64 at most. Beyond a word, the first output has the low bits.
    fn draw_bits(&mut self, bits: u32) -> u64 {
        match bits {
            0 => 0,
            1..=WORD_BITS => self.word_bits(bits).into(),
            _ => {
                let low = u64::from(self.next_u32());
                let high = u64::from(self.word_bits(bits - WORD_BITS));
                high << WORD_BITS | low
            }
        }
    }

    /// The highest `bits` bits, 1 to 32, of the next output.
    fn word_bits(&mut self, bits: u32) -> u32 {
        self.next_u32() >> (WORD_BITS - bits)
    }

    /// `randrange(bound)`: a number below `bound`.
    pub fn below(&mut self, bound: NonZeroU64) -> u64 {
        let bits = u64::BITS - bound.leading_zeros();
        loop {
            let drawn = self.draw_bits(bits);
            if drawn < bound.get() {
                return drawn;
            }
        }
    }

    /// An index below `length`, or nothing if that is 0.
    fn index(&mut self, length: usize) -> Option<usize> {
        let bound = NonZeroU64::new(length as u64)?;
        Some(self.below(bound) as usize)
    }

    /// `choice(items)`, or nothing of nothing.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.index(items.len())?;
        items.get(index)
    }

    /// `shuffle(items)`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            if let Some(index) = self.index(last + 1) {
                items.swap(last, index);
            }
        }
    }
}

/// Up to four bytes, most significant first.
fn word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |word, byte| word << 8 | u32::from(*byte))
}
