//! Sums as NumPy calculates them, in single and double precision.
//!
//! The chain library caps weights in single precision, where the order of additions shows.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Sub};

/// `f32` or `f64`.
pub(super) trait Real:
    Copy
    + PartialOrd
    + Default
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// The number nearest to `number`.
    fn nearest(number: f64) -> Self;

    /// An order of all numbers, also those that are not comparable.
    fn total_order(&self, other: &Self) -> Ordering;
}

impl Real for f32 {
    fn nearest(number: f64) -> Self {
        number as Self
    }

    fn total_order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}

impl Real for f64 {
    fn nearest(number: f64) -> Self {
        number
    }

    fn total_order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}

/// Numbers that NumPy adds in eight columns; it halves longer lists.
const BLOCK: usize = 128;
/// Columns of a block.
const COLUMNS: usize = 8;

/// `numpy.sum`: pairwise.
pub(super) fn sum<T: Real>(numbers: &[T]) -> T {
    if numbers.len() > BLOCK {
        let half = numbers.len() / 2;
        let (one, other) = numbers.split_at(half - half % COLUMNS);
        return sum(one) + sum(other);
    }
    let (rows, rest) = numbers.as_chunks::<COLUMNS>();
    let block = match rows.split_first() {
        None => T::default(),
        Some((first, rows)) => {
            let [a, b, c, d, e, f, g, h] = rows.iter().fold(*first, add_columns);
            ((a + b) + (c + d)) + ((e + f) + (g + h))
        }
    };
    rest.iter().fold(block, |sum, number| sum + *number)
}

fn add_columns<T: Real>(mut sums: [T; COLUMNS], row: &[T; COLUMNS]) -> [T; COLUMNS] {
    for (sum, number) in sums.iter_mut().zip(row) {
        *sum = *sum + *number;
    }
    sums
}

/// `numpy.cumsum`: one after another.
pub(super) fn cumulative_sums<T: Real>(numbers: &[T]) -> Vec<T> {
    let mut sum = T::default();
    let add = |number: &T| {
        sum = sum + *number;
        sum
    };
    numbers.iter().map(add).collect()
}

/// Largest number, or nothing of nothing.
pub(super) fn largest<T: Real>(numbers: &[T]) -> Option<T> {
    numbers.iter().copied().max_by(T::total_order)
}
