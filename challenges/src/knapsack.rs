//! Knapsack: find items that fit and are worth more than a greedy choice (section 21.3).

use std::collections::HashSet;

use tig_protocol::rng::{Rng, Xoshiro256PlusPlus};

use crate::decode::Reader;
use crate::json;
use crate::{DecodeError, GenerateError, INSTANCE_BYTES_MAX, InvalidSolution};

/// Bytes of the fields whose size does not depend on the number of items.
const FIXED_BYTES: u64 = 32 + 8 + 4 + 8 + 8 + 4 + 4;
/// Bytes of an item: its weight and its value.
const ITEM_BYTES: u64 = 4 + 4;
/// Weights and values are drawn from this range.
const ITEM_RANGE: std::ops::Range<u32> = 1..50;

/// Items, and what a selection of them must reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The seed it was generated from.
    pub seed: [u8; 32],
    /// Thousandths by which a solution must beat the greedy choice.
    pub better_than_baseline: u32,
    /// Weight of each item.
    pub weights: Vec<u32>,
    /// Value of each item, as many as weights.
    pub values: Vec<u32>,
    /// Weight the knapsack holds.
    pub max_weight: u32,
    /// Value a solution must reach.
    pub min_value: u32,
}

/// A selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// Indexes of the selected items, each once, in any order.
    pub items: Vec<usize>,
}

impl Instance {
    /// The instance of a difficulty. Both parameters are reinterpreted as unsigned, as in the original.
    ///
    /// # Errors
    /// Too large an instance, as every negative number of items would be.
    pub fn generate(
        seed: &[u8; 32],
        num_items: i32,
        better_than_baseline: i32,
    ) -> Result<Self, GenerateError> {
        // Sign-extended, as a cast to a 64-bit size does.
        let num_bytes = (i64::from(num_items) as u64)
            .saturating_mul(ITEM_BYTES)
            .saturating_add(FIXED_BYTES);
        if num_bytes > INSTANCE_BYTES_MAX {
            return Err(GenerateError::TooLarge { num_bytes });
        }
        let mut rng = Xoshiro256PlusPlus::from_instance_seed(*seed);
        let mut draw_items =
            || -> Vec<u32> { (0..num_items).map(|_| rng.range_u32(ITEM_RANGE)).collect() };
        let weights = draw_items();
        let values = draw_items();
        // At most 2^25 items of less than 50 each: the sum fits.
        let max_weight = weights.iter().sum::<u32>() / 2;
        let better_than_baseline = better_than_baseline as u32;
        let baseline = f64::from(greedy_value(&weights, &values, max_weight));
        let min_value =
            (baseline * (1.0 + f64::from(better_than_baseline) / 1000.0)).round() as u32;
        Ok(Self {
            seed: *seed,
            better_than_baseline,
            weights,
            values,
            max_weight,
            min_value,
        })
    }

    /// The bytes a guest is given.
    pub fn to_bytes(&self) -> Vec<u8> {
        let num_items = (self.weights.len() as u64).to_le_bytes();
        let mut bytes = Vec::with_capacity(self.num_bytes());
        bytes.extend(self.seed);
        bytes.extend(num_items);
        bytes.extend(self.better_than_baseline.to_le_bytes());
        for list in [&self.weights, &self.values] {
            bytes.extend((list.len() as u64).to_le_bytes());
            bytes.extend(list.iter().flat_map(|number| number.to_le_bytes()));
        }
        bytes.extend(self.max_weight.to_le_bytes());
        bytes.extend(self.min_value.to_le_bytes());
        bytes
    }

    /// The length of [`Instance::to_bytes`].
    pub fn num_bytes(&self) -> usize {
        (FIXED_BYTES + self.weights.len() as u64 * ITEM_BYTES) as usize
    }

    /// Reads what [`Instance::to_bytes`] wrote.
    ///
    /// # Errors
    /// Bytes that are too few or too many, or lists of different lengths.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let seed = reader.array()?;
        let num_items = reader.size("num_items")?;
        let instance = Self {
            seed,
            better_than_baseline: reader.u32()?,
            weights: reader.u32_list()?,
            values: reader.u32_list()?,
            max_weight: reader.u32()?,
            min_value: reader.u32()?,
        };
        reader.finish()?;
        for (field, list) in [("weights", &instance.weights), ("values", &instance.values)] {
            if list.len() != num_items {
                return Err(DecodeError::BadValue {
                    field,
                    value: list.len() as u64,
                });
            }
        }
        Ok(instance)
    }

    /// Whether the items of `solution` exist, fit and are worth enough.
    ///
    /// # Errors
    /// The first of duplicates, unknown items, too much weight and too little value.
    pub fn verify(&self, solution: &Solution) -> Result<(), InvalidSolution> {
        let num_distinct = solution.items.iter().collect::<HashSet<_>>().len();
        if num_distinct != solution.items.len() {
            return Err(InvalidSolution::DuplicateItems);
        }
        if let Some(&item) = solution
            .items
            .iter()
            .find(|&&item| item >= self.weights.len())
        {
            return Err(InvalidSolution::ItemOutOfBounds { item });
        }
        // Wraps as in the original; generated instances are far from it.
        let total = |list: &[u32]| {
            solution
                .items
                .iter()
                .fold(0u32, |sum, &item| sum.wrapping_add(list[item]))
        };
        let (weight, value) = (total(&self.weights), total(&self.values));
        if weight > self.max_weight {
            return Err(InvalidSolution::TooHeavy {
                total: weight,
                max: self.max_weight,
            });
        }
        if value < self.min_value {
            return Err(InvalidSolution::TooCheap {
                total: value,
                min: self.min_value,
            });
        }
        Ok(())
    }
}

/// The value of taking every item that still fits, best ratio of value to weight first, ties by index.
fn greedy_value(weights: &[u32], values: &[u32], max_weight: u32) -> u32 {
    let ratio = |item: usize| f64::from(values[item]) / f64::from(weights[item]);
    let mut items: Vec<usize> = (0..weights.len()).collect();
    items.sort_by(|&a, &b| ratio(b).total_cmp(&ratio(a)));
    let (mut room, mut total) = (max_weight, 0);
    for item in items {
        if weights[item] <= room {
            room -= weights[item];
            total += values[item];
        }
    }
    total
}

impl Solution {
    /// Reads `{"items":[..]}`; other keys are ignored.
    ///
    /// # Errors
    /// A missing field, or an item that is not an integer from 0 to 2^64 - 1.
    pub fn from_json(solution: &tig_protocol::Solution) -> Result<Self, InvalidSolution> {
        let items = solution.get("items").and_then(json::indexes);
        items
            .map(|items| Self { items })
            .ok_or(InvalidSolution::Malformed {
                challenge: "knapsack",
            })
    }
}
