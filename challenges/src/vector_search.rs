//! Vector search: for each query find a database vector, close on average (section 21.4).
//!
//! An instance is about 100 MB, of which a solution concerns a few kilobytes. So the host's [`Instance`] holds no
//! vectors: it writes them to where they are wanted, and verification draws just those that a solution names, with
//! a jump over the others. The guest's [`View`] reads them where the host wrote them. Nothing is ever copied.

mod view;

use tig_protocol::rng::{Rng, Xoshiro256PlusPlus};

use crate::json;
use crate::{DecodeError, GenerateError, INSTANCE_BYTES_MAX, InvalidSolution};

pub use view::{Vector, View};

/// Vectors in the database.
pub const NUM_DATABASE: usize = 100_000;
/// Numbers in a vector.
pub const DIMENSIONS: usize = 250;

/// Bytes of the fields whose size does not depend on the number of queries, but for the database.
const FIXED_BYTES: usize = 32 + 4 + 4 + 8 + 8 + 4;
/// Bytes of a vector: its length and its numbers.
const VECTOR_BYTES: usize = 8 + DIMENSIONS * 4;

/// Where the vectors come from and how close they must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The seed of all vectors.
    pub seed: [u8; 32],
    /// Vectors to find a neighbour for.
    pub num_queries: u32,
    /// Thousandths by which the mean distance must be below 6.
    pub better_than_baseline: u32,
}

/// A neighbour for each query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// Index of a database vector for each query.
    pub indexes: Vec<usize>,
}

impl Instance {
    /// The instance of a difficulty. Both parameters are reinterpreted as unsigned, as in the original. Costs nothing:
    /// the vectors are drawn by [`Instance::write_bytes`] and [`Instance::verify`].
    ///
    /// # Errors
    /// Too large an instance, as every negative number of queries would be.
    pub fn generate(
        seed: &[u8; 32],
        num_queries: i32,
        better_than_baseline: i32,
    ) -> Result<Self, GenerateError> {
        let num_queries = num_queries as u32;
        let num_bytes = (NUM_DATABASE as u64 + u64::from(num_queries)) * VECTOR_BYTES as u64
            + FIXED_BYTES as u64;
        if num_bytes > INSTANCE_BYTES_MAX {
            return Err(GenerateError::TooLarge { num_bytes });
        }
        Ok(Self {
            seed: *seed,
            num_queries,
            better_than_baseline: better_than_baseline as u32,
        })
    }

    /// The mean distance that must not be exceeded.
    pub fn max_distance(&self) -> f32 {
        6.0 - self.better_than_baseline as f32 / 1000.0
    }

    /// The bytes a guest is given. About 100 MB: where they are to be copied, [`Instance::write_bytes`] saves the copy.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.num_bytes()];
        self.write_bytes(&mut bytes);
        bytes
    }

    /// The length of [`Instance::to_bytes`].
    pub fn num_bytes(&self) -> usize {
        FIXED_BYTES + (NUM_DATABASE + self.num_queries as usize) * VECTOR_BYTES
    }

    /// Draws the vectors and writes the bytes a guest is given.
    ///
    /// # Panics
    /// If `bytes` is not [`Instance::num_bytes`] long.
    pub fn write_bytes(&self, bytes: &mut [u8]) {
        assert_eq!(bytes.len(), self.num_bytes(), "bytes of the instance");
        let mut rng = Xoshiro256PlusPlus::from_instance_seed(self.seed);
        let mut rest = bytes;
        put(&mut rest, &self.seed);
        put(&mut rest, &self.num_queries.to_le_bytes());
        put(&mut rest, &self.better_than_baseline.to_le_bytes());
        for num_vectors in [NUM_DATABASE, self.num_queries as usize] {
            put(&mut rest, &(num_vectors as u64).to_le_bytes());
            for vector in take(&mut rest, num_vectors * VECTOR_BYTES).chunks_exact_mut(VECTOR_BYTES)
            {
                write_vector(&mut rng, vector);
            }
        }
        put(&mut rest, &self.max_distance().to_le_bytes());
    }

    /// Reads what [`Instance::write_bytes`] wrote, without copying it.
    ///
    /// # Errors
    /// Bytes that are too few or too many.
    pub fn from_bytes(bytes: &[u8]) -> Result<View<'_>, DecodeError> {
        View::from_bytes(bytes)
    }

    /// Whether the vectors of `solution` exist and are close enough on average.
    ///
    /// # Errors
    /// The first of a wrong number of indexes, an unknown vector and too great a mean distance.
    pub fn verify(&self, solution: &Solution) -> Result<(), InvalidSolution> {
        let (expected, actual) = (self.num_queries as usize, solution.indexes.len());
        if actual != expected {
            return Err(InvalidSolution::NumIndexes { expected, actual });
        }
        if let Some(&index) = solution
            .indexes
            .iter()
            .find(|&&index| index >= NUM_DATABASE)
        {
            return Err(InvalidSolution::IndexOutOfBounds {
                index,
                end: NUM_DATABASE,
            });
        }
        let start = Xoshiro256PlusPlus::from_instance_seed(self.seed);
        let mut queries = before_vector(&start, NUM_DATABASE);
        let distances = solution.indexes.iter().map(|&index| {
            let database = draw_vector(&mut before_vector(&start, index));
            distance(draw_vector(&mut queries), database)
        });
        let (average, max) = (
            distances.sum::<f32>() / expected as f32,
            self.max_distance(),
        );
        // Without queries the mean is NaN, which exceeds nothing.
        if average > max {
            return Err(InvalidSolution::TooDistant { average, max });
        }
        Ok(())
    }
}

/// Euclidean distance in the original's order of operations, which decides the last bits.
pub fn distance(a: impl IntoIterator<Item = f32>, b: impl IntoIterator<Item = f32>) -> f32 {
    let squares = a.into_iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f32>().sqrt()
}

/// The generator just before the first number of a vector; queries follow the database.
fn before_vector(start: &Xoshiro256PlusPlus, index: usize) -> Xoshiro256PlusPlus {
    start.ahead((index * DIMENSIONS) as u64)
}

fn draw_vector(rng: &mut Xoshiro256PlusPlus) -> [f32; DIMENSIONS] {
    std::array::from_fn(|_| rng.unit_f32())
}

fn write_vector(rng: &mut Xoshiro256PlusPlus, bytes: &mut [u8]) {
    let mut rest = bytes;
    put(&mut rest, &(DIMENSIONS as u64).to_le_bytes());
    let (numbers, _) = rest.as_chunks_mut::<4>();
    for number in numbers {
        *number = rng.unit_f32().to_le_bytes();
    }
}

fn put(rest: &mut &mut [u8], field: &[u8]) {
    take(rest, field.len()).copy_from_slice(field);
}

fn take<'a>(rest: &mut &'a mut [u8], length: usize) -> &'a mut [u8] {
    let (front, back) = std::mem::take(rest).split_at_mut(length);
    *rest = back;
    front
}

impl Solution {
    /// Reads `{"indexes":[..]}`; other keys are ignored.
    ///
    /// # Errors
    /// A missing field, or an index that is not an integer from 0 to 2^64 - 1.
    pub fn from_json(solution: &tig_protocol::Solution) -> Result<Self, InvalidSolution> {
        let indexes = solution.get("indexes").and_then(json::indexes);
        indexes
            .map(|indexes| Self { indexes })
            .ok_or(InvalidSolution::Malformed {
                challenge: "vector_search",
            })
    }
}
