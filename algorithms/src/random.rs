//! A small generator of pseudo-random numbers (SplitMix64), the same on every target.

/// Numbers that follow from the seed of an instance. Good enough for a search, not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from the first bytes of an instance's seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let &[a, b, c, d, e, f, g, h, ..] = seed;
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An index below `len`, which must not be 0. The bias is below one in `2^32 / len`.
    pub fn index(&mut self, len: usize) -> usize {
        let high = self.next_u64() >> 32;
        ((high * len as u64) >> 32) as usize
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.next_u64() % 100 < percent
    }
}
