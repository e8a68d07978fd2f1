//! The guest's side of an instance: the vectors in the bytes that the host wrote.

use super::{DIMENSIONS, VECTOR_BYTES, distance};
use crate::DecodeError;
use crate::decode::Reader;

/// Bytes of the length in front of a vector's numbers.
const LENGTH_BYTES: usize = VECTOR_BYTES - DIMENSIONS * 4;

/// A serialised instance, read in place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View<'a> {
    /// The seed it was generated from.
    pub seed: [u8; 32],
    /// Thousandths by which the mean distance must be below 6.
    pub better_than_baseline: u32,
    /// The vectors to choose from.
    pub database: Vectors<'a>,
    /// The vectors to find a neighbour for.
    pub queries: Vectors<'a>,
    /// The mean distance that must not be exceeded.
    pub max_distance: f32,
}

/// A list of serialised vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vectors<'a>(&'a [[u8; VECTOR_BYTES]]);

/// A serialised vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vector<'a>(&'a [u8; VECTOR_BYTES]);

impl<'a> View<'a> {
    /// Reads what [`Instance::write_bytes`](super::Instance::write_bytes) wrote.
    ///
    /// # Errors
    /// Bytes that are too few or too many, or a number of queries that is not that of their list.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let seed = reader.array()?;
        let num_queries = reader.u32()?;
        let view = Self {
            seed,
            better_than_baseline: reader.u32()?,
            database: Vectors::read(&mut reader)?,
            queries: Vectors::read(&mut reader)?,
            max_distance: f32::from_le_bytes(reader.array()?),
        };
        reader.finish()?;
        if view.queries.len() as u64 != u64::from(num_queries) {
            return Err(DecodeError::BadValue {
                field: "queries",
                value: view.queries.len() as u64,
            });
        }
        Ok(view)
    }
}

impl<'a> Vectors<'a> {
    /// The length in front of each vector is not looked at: that would be a pass over the whole database.
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let num_vectors = reader.length(VECTOR_BYTES as u64)?;
        let (vectors, _) = reader.bytes(num_vectors * VECTOR_BYTES)?.as_chunks();
        Ok(Self(vectors))
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The vector with the given index, if it exists.
    pub fn get(&self, index: usize) -> Option<Vector<'a>> {
        self.0.get(index).map(Vector)
    }

    /// The vectors in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Vector<'a>> + use<'a> {
        self.0.iter().map(Vector)
    }
}

impl<'a> Vector<'a> {
    /// The numbers in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = f32> + use<'a> {
        let (numbers, _) = self.0[LENGTH_BYTES..].as_chunks();
        numbers.iter().map(|&number| f32::from_le_bytes(number))
    }

    /// The Euclidean distance to `other`, to the last bit as the verification computes it.
    pub fn distance(&self, other: &Vector<'_>) -> f32 {
        distance(self.iter(), other.iter())
    }
}
