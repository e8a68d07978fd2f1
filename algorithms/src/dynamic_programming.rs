//! `dynamic_programming` for knapsack: the best selection there is, by weight.
//!
//! Item after item, the greatest value for each weight of the knapsack. Work and memory grow with the number of items
//! times the weight: nothing at 50 items, too much for an algorithm at many thousands.
//!
//! Of the rooms from the item's weight up, the decisions of 64 are one word.

use tig_challenges::knapsack::{Instance, Solution};

/// Decisions that are remembered: items times weights, one bit each.
const DECISIONS_MAX: usize = 1 << 30;

/// A selection that reaches the wanted value, whenever there is one.
pub fn solve(instance: &Instance) -> Option<Solution> {
    let num_rooms = usize::try_from(instance.max_weight).ok()?.checked_add(1)?;
    let num_words = num_rooms.div_ceil(64);
    let num_decisions = instance.weights.len().checked_mul(num_words * 64)?;
    if instance.weights.len() != instance.values.len() || num_decisions > DECISIONS_MAX {
        return None;
    }
    // No sum below can overflow then.
    let mut values = instance.values.iter();
    values.try_fold(0u32, |total, &value| total.checked_add(value))?;
    let mut best = vec![0u32; num_rooms];
    let mut without = best.clone();
    let mut taken = vec![0u64; instance.weights.len() * num_words];
    let items = instance.weights.iter().zip(&instance.values);
    for ((&weight, &value), taken) in items.zip(taken.chunks_exact_mut(num_words)) {
        without.copy_from_slice(&best);
        let rooms = best.get_mut(weight as usize..).unwrap_or_default();
        let words = rooms.chunks_mut(64).zip(without.chunks(64)).zip(taken);
        for ((rooms, without), taken) in words {
            *taken = take(rooms, &without[..rooms.len()], value);
        }
    }
    (best[num_rooms - 1] >= instance.min_value).then(|| Solution {
        items: selection(instance, &taken, num_words),
    })
}

/// Takes the item wherever that is better than the best `without` it in a room that is lighter by the item: a bit for each of
/// up to 64 rooms.
///
/// Apart from `solve`, so that the compiler has all registers for the loop; and by eights, since every turn of a loop costs a
/// guest fuel.
#[inline(never)]
fn take(rooms: &mut [u32], without: &[u32], value: u32) -> u64 {
    let mut taken = 0;
    let (rooms, rooms_left) = rooms.as_chunks_mut::<8>();
    let (without, without_left) = without.as_chunks::<8>();
    let mut first = 0;
    for (rooms, without) in rooms.iter_mut().zip(without) {
        taken |= take_each(rooms, without, value) << first;
        first += 8;
    }
    // Where no room is left, all 64 bits may be taken, and there is no such shift.
    match rooms_left.is_empty() {
        true => taken,
        false => taken | take_each(rooms_left, without_left, value) << first,
    }
}

#[inline(always)]
fn take_each(rooms: &mut [u32], without: &[u32], value: u32) -> u64 {
    let mut taken = 0;
    for (bit, (best, without)) in rooms.iter_mut().zip(without).enumerate() {
        let with_item = without + value;
        if with_item > *best {
            *best = with_item;
            taken |= 1 << bit;
        }
    }
    taken
}

/// The decisions from the last item back to the first.
fn selection(instance: &Instance, taken: &[u64], num_words: usize) -> Vec<usize> {
    let mut room = instance.max_weight as usize;
    let mut items = Vec::new();
    for (item, taken) in taken.chunks_exact(num_words).enumerate().rev() {
        if let Some(lighter) = room.checked_sub(instance.weights[item] as usize)
            && taken[lighter / 64] >> (lighter % 64) & 1 == 1
        {
            room = lighter;
            items.push(item);
        }
    }
    items.reverse();
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The greatest value of any of the `2^n` selections that fit.
    fn optimum(instance: &Instance) -> u32 {
        let total = |list: &[u32], selection: u32| -> u32 {
            let selected = list
                .iter()
                .enumerate()
                .filter(|(i, _)| selection >> i & 1 == 1);
            selected.map(|(_, number)| number).sum()
        };
        (0..1 << instance.weights.len())
            .filter(|&selection| total(&instance.weights, selection) <= instance.max_weight)
            .map(|selection| total(&instance.values, selection))
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn whatever_has_a_solution_is_solved() {
        for seed in 0..50 {
            let mut instance = Instance::generate(&[seed; 32], 12, 0).unwrap();
            instance.min_value = optimum(&instance);
            let solution = solve(&instance).unwrap();
            assert_eq!(instance.verify(&solution), Ok(()), "seed {seed}");
            instance.min_value += 1;
            assert_eq!(solve(&instance), None, "seed {seed}");
        }
    }

    /// What operators must expect: at this difficulty most instances ask for more than there is.
    #[test]
    fn few_instances_one_percent_above_are_solvable() {
        let is_solved = |seed: &u8| {
            let instance = Instance::generate(&[*seed; 32], 50, 10).unwrap();
            let solution = solve(&instance);
            solution
                .inspect(|solution| instance.verify(solution).unwrap())
                .is_some()
        };
        let solved = (0..200).filter(is_solved).count();
        assert!((4..=30).contains(&solved), "{solved} of 200 solved");
    }

    #[test]
    fn more_than_memory_holds_is_given_up() {
        let instance = Instance {
            seed: [0; 32],
            better_than_baseline: 0,
            weights: vec![1],
            values: vec![1],
            max_weight: u32::MAX,
            min_value: 1,
        };
        assert_eq!(solve(&instance), None);
    }
}
