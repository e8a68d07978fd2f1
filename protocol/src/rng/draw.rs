//! Draws from a generator: ranges, unit floats and the shuffle (R4 to R9).

use std::ops::Range;

/// A source of random words and the draws built on it.
pub trait Rng {
    /// The next 32 bits.
    fn next_u32(&mut self) -> u32;

    /// The next 64 bits.
    fn next_u64(&mut self) -> u64;

    /// One draw from a range that is not empty (R4). For many draws from one range see [`UniformU32`], which rejects
    /// other words and so draws other numbers.
    ///
    /// # Panics
    /// If the range is empty.
    fn range_u32(&mut self, range: Range<u32>) -> u32
    where
        Self: Sized,
    {
        assert!(range.start < range.end, "empty range {range:?}");
        let size = range.end - range.start;
        range.start + accepted_u32(self, size, (size << size.leading_zeros()).wrapping_sub(1))
    }

    /// One draw from `0..size` (R8).
    ///
    /// # Panics
    /// If `size` is zero.
    fn below_u64(&mut self, size: u64) -> u64 {
        assert!(size > 0, "empty range 0..0");
        let zone = (size << size.leading_zeros()).wrapping_sub(1);
        loop {
            let product = u128::from(self.next_u64()) * u128::from(size);
            if product as u64 <= zone {
                return (product >> 64) as u64;
            }
        }
    }

    /// A double in `0.0..1.0` (R6).
    fn unit_f64(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
        (self.next_u64() >> 11) as f64 * SCALE
    }

    /// A float in `0.0..1.0` (R7).
    fn unit_f32(&mut self) -> f32 {
        const SCALE: f32 = 1.0 / (1u32 << 23) as f32;
        (self.next_u32() >> 9) as f32 * SCALE
    }

    /// Brings `items` into random order (R9).
    fn shuffle<T>(&mut self, items: &mut [T])
    where
        Self: Sized,
    {
        for last in (1..items.len()).rev() {
            let size = last as u64 + 1;
            let chosen = match u32::try_from(size) {
                Ok(size) => u64::from(self.range_u32(0..size)),
                Err(_) => self.below_u64(size),
            };
            items.swap(last, chosen as usize);
        }
    }
}

/// A prepared uniform range of 32-bit integers (R5).
#[derive(Debug, Clone, Copy)]
pub struct UniformU32 {
    low: u32,
    size: u32,
    zone: u32,
}

impl UniformU32 {
    /// Prepares `range`; `None` if it is empty.
    pub fn new(range: Range<u32>) -> Option<Self> {
        let size = range
            .end
            .checked_sub(range.start)
            .filter(|&size| size > 0)?;
        // The highest low half that keeps all numbers equally likely: 2^32 mod size words are rejected.
        let rejected = size.wrapping_neg() % size;
        Some(Self {
            low: range.start,
            size,
            zone: u32::MAX - rejected,
        })
    }

    /// The next number of the range.
    pub fn draw(&self, rng: &mut impl Rng) -> u32 {
        self.low + accepted_u32(rng, self.size, self.zone)
    }
}

/// Multiplies words by `size` until the low half is at most `zone`; the high half is the draw.
fn accepted_u32(rng: &mut impl Rng, size: u32, zone: u32) -> u32 {
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(size);
        if product as u32 <= zone {
            return (product >> 32) as u32;
        }
    }
}
