//! Items that are in all selections that reach the wanted value, or in none (the reduction of Dembo and Hammer).
//!
//! Let a unit of weight have a price. An item has a surplus if it is worth more than its weight costs. No selection is worth more
//! than what the whole knapsack costs and all surpluses: the bound. A selection that leaves an item with a surplus is worth less
//! than the bound by at least that surplus, and one that takes an item that costs more than it is worth, by the difference.
//! Where that is more than lies between the bound and the wanted value, the item is decided.
//!
//! Any price gives a true bound. The lowest bound is at about the price at which the items with a surplus fill the knapsack.

use tig_challenges::knapsack::Instance;

/// Each step to the price halves what it can be.
const PRICE_STEPS: u32 = 10;
/// A unit of weight costs `price / (PRICES - price)` of value, so that every ratio of value to weight has its price.
const PRICES: u64 = 1 << PRICE_STEPS;

/// What is left to decide.
pub(super) struct Reduced {
    /// Items of all selections that reach the wanted value.
    pub(super) selected: Vec<usize>,
    /// Items of some of them.
    pub(super) undecided: Vec<Item>,
    /// Weight that the undecided items may have, at most what all of them have.
    pub(super) max_weight: u32,
    /// Value that they must reach.
    pub(super) min_value: u32,
}

/// An item, and where the instance has it.
pub(super) struct Item {
    pub(super) index: usize,
    pub(super) weight: u32,
    pub(super) value: u32,
}

/// None if no selection reaches the wanted value. All values together are less than 2^31.
pub(super) fn reduce(instance: &Instance) -> Option<Reduced> {
    let price = price(instance);
    // In parts of a unit of value. Far from 2^63: no sum of values has more than 31 bits, no weight more than 32.
    let worth = |value: u32| (u64::from(value) * (PRICES - price)) as i64;
    let cost = |weight: u32| (u64::from(weight) * price) as i64;
    let items = || {
        instance
            .weights
            .iter()
            .copied()
            .zip(instance.values.iter().copied())
    };
    let mut spare = cost(instance.max_weight) - worth(instance.min_value);
    for (weight, value) in items() {
        spare += (worth(value) - cost(weight)).max(0);
    }
    if spare < 0 {
        return None;
    }
    let mut reduced = Reduced {
        selected: Vec::new(),
        undecided: Vec::new(),
        max_weight: instance.max_weight,
        min_value: instance.min_value,
    };
    let mut undecided_weight = 0;
    for (index, (weight, value)) in items().enumerate() {
        let surplus = worth(value) - cost(weight);
        if surplus > spare {
            reduced.selected.push(index);
            reduced.max_weight = reduced.max_weight.checked_sub(weight)?;
            reduced.min_value = reduced.min_value.saturating_sub(value);
        } else if surplus >= -spare {
            reduced.undecided.push(Item {
                index,
                weight,
                value,
            });
            undecided_weight += u64::from(weight);
        }
    }
    let undecided_weight = u32::try_from(undecided_weight).unwrap_or(u32::MAX);
    reduced.max_weight = reduced.max_weight.min(undecided_weight);
    Some(reduced)
}

/// The highest price at which the items with a surplus do not fit together, 0 if they always do.
fn price(instance: &Instance) -> u64 {
    let mut price = 0;
    for step in (0..PRICE_STEPS).rev() {
        let higher = price | 1 << step;
        let mut weight_sum = 0;
        for (&weight, &value) in instance.weights.iter().zip(&instance.values) {
            let weight = u64::from(weight);
            // No branch, since nobody could predict it.
            let is_surplus = u64::from(value) * (PRICES - higher) > weight * higher;
            weight_sum += if is_surplus { weight } else { 0 };
        }
        if weight_sum > u64::from(instance.max_weight) {
            price = higher;
        }
    }
    price
}
