//! `dynamic_programming` for knapsack: the best selection there is, by weight.
//!
//! A bound on what any selection is worth decides most items, and most instances, before (`reduction`). For the others, item
//! after item, the greatest value for each weight of the knapsack. Work and memory grow with the number of items that are
//! left, times the weight that is left for them.
//!
//! The values of several rooms are in one word, a *lane* each, so that one operation and one store do for all of them. The
//! decisions of 64 rooms, from the item's weight up, are one word.

mod reduction;

use tig_challenges::knapsack::{Instance, Solution};

use self::reduction::{Reduced, reduce};

/// Decisions that are remembered: items times weights, one bit each.
const DECISIONS_MAX: usize = 1 << 30;
/// Words in a turn of the hot loop: every turn costs a guest fuel. Both numbers of words for 64 rooms are multiples.
const WORDS_PER_TURN: usize = 16;

/// A selection that reaches the wanted value, whenever there is one.
///
/// Values that are 2^31 or more together are given up; generated instances are far below.
pub fn solve(instance: &Instance) -> Option<Solution> {
    if instance.weights.len() != instance.values.len() {
        return None;
    }
    let mut values = instance.values.iter();
    let total = values.try_fold(0u32, |total, &value| total.checked_add(value))?;
    if total >= 0x8000_0000 {
        return None;
    }
    let reduced = reduce(instance)?;
    // No room holds more than all values together.
    let total: u32 = reduced.undecided.iter().map(|item| item.value).sum();
    let found = match total {
        0..0x8000 => solve_in_lanes::<16>(&reduced),
        _ => solve_in_lanes::<32>(&reduced),
    };
    let mut items = found?;
    items.extend(reduced.selected);
    items.sort_unstable();
    Some(Solution { items })
}

/// Solves in lanes of `BITS` bits, the highest of which no value needs. 64 rooms are `BITS` words of 8 bytes.
fn solve_in_lanes<const BITS: usize>(reduced: &Reduced) -> Option<Vec<usize>> {
    let num_rooms = usize::try_from(reduced.max_weight).ok()?.checked_add(1)?;
    let num_words = num_rooms.div_ceil(64);
    let num_decisions = reduced.undecided.len().checked_mul(num_words * 64)?;
    if num_decisions > DECISIONS_MAX {
        return None;
    }
    let room_bytes = BITS / 8;
    // From any weight up, rooms are read and written by 64; nobody asks for those beyond the last.
    let mut best = vec![0u8; (num_rooms + 63) * room_bytes];
    let mut next = best.clone();
    let mut taken = vec![0u64; reduced.undecided.len() * num_words];
    for (item, taken) in reduced
        .undecided
        .iter()
        .zip(taken.chunks_exact_mut(num_words))
    {
        let lighter_bytes = (item.weight as usize).checked_mul(room_bytes)?;
        let Some((lighter, rooms)) = next.split_at_mut_checked(lighter_bytes) else {
            continue;
        };
        lighter.copy_from_slice(&best[..lighter_bytes]);
        let rooms = by_64_mut::<BITS>(rooms);
        let same = by_64::<BITS>(&best[lighter_bytes..]);
        let without = by_64::<BITS>(&best);
        for (((rooms, same), without), taken) in rooms.iter_mut().zip(same).zip(without).zip(taken)
        {
            *taken = take(rooms, same, without, item.value);
        }
        std::mem::swap(&mut best, &mut next);
    }
    let last = &best[(num_rooms - 1) * room_bytes..num_rooms * room_bytes];
    let bytes = last.iter().rev();
    let reached = bytes.fold(0, |value, &byte| value << 8 | u32::from(byte));
    (reached >= reduced.min_value).then(|| selection::<BITS>(reduced, &taken, num_words))
}

/// 64 rooms at a time, as words.
fn by_64<const BITS: usize>(rooms: &[u8]) -> &[[[u8; 8]; BITS]] {
    rooms.as_chunks().0.as_chunks().0
}

fn by_64_mut<const BITS: usize>(rooms: &mut [u8]) -> &mut [[[u8; 8]; BITS]] {
    rooms.as_chunks_mut().0.as_chunks_mut().0
}

/// Fills 64 `rooms`: what was best in the `same` rooms, or the item and the best `without` it in rooms that are lighter by the
/// item, where that is better. A bit for each room says where, as [`is_taken`] reads them.
///
/// Apart from its caller, so that the compiler has all registers for the loop.
#[inline(never)]
fn take<const BITS: usize>(
    rooms: &mut [[u8; 8]; BITS],
    same: &[[u8; 8]; BITS],
    without: &[[u8; 8]; BITS],
    value: u32,
) -> u64 {
    // The lowest bit of each lane, and the highest.
    let ones = u64::MAX / ((1 << BITS) - 1);
    let highest = ones << (BITS - 1);
    let added = highest - ones + u64::from(value) * ones;
    let mut taken = 0;
    let turns = rooms.as_chunks_mut::<WORDS_PER_TURN>().0.iter_mut();
    let turns = turns.zip(same.as_chunks::<WORDS_PER_TURN>().0);
    for ((rooms, same), without) in turns.zip(without.as_chunks::<WORDS_PER_TURN>().0) {
        for index in 0..WORDS_PER_TURN {
            let same = u64::from_le_bytes(same[index]);
            // The highest bit and the gain less one, or no highest bit and no gain.
            let gain = u64::from_le_bytes(without[index]) + added - same;
            let is_better = gain & highest;
            let one = is_better >> (BITS - 1);
            // The other bits of a lane where the item is taken, none of another lane.
            let mask = is_better - one;
            rooms[index] = (same + (gain & mask) + one).to_le_bytes();
            taken = taken << 1 | one;
        }
    }
    taken
}

/// Whether the item was taken in a room, counted from the item's weight: each word of rooms moved the bits up by one.
fn is_taken<const BITS: usize>(taken: &[u64], room: usize) -> bool {
    let lanes = 64 / BITS;
    let (word, lane) = (room % 64 / lanes, room % lanes);
    taken[room / 64] >> (lane * BITS + BITS - 1 - word) & 1 == 1
}

/// The decisions from the last item back to the first.
fn selection<const BITS: usize>(reduced: &Reduced, taken: &[u64], num_words: usize) -> Vec<usize> {
    let mut room = reduced.max_weight as usize;
    let mut items = Vec::new();
    for (item, taken) in reduced
        .undecided
        .iter()
        .zip(taken.chunks_exact(num_words))
        .rev()
    {
        if let Some(lighter) = room.checked_sub(item.weight as usize)
            && is_taken::<BITS>(taken, lighter)
        {
            room = lighter;
            items.push(item.index);
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimum::optimum;

    #[test]
    fn whatever_has_a_solution_is_solved() {
        let sizes = [(12, 1), (12, 1 << 20), (50, 1), (300, 1)];
        // Small values and large ones are in lanes of another width.
        for (seed, (num_items, scale)) in (0..40).flat_map(|seed| sizes.map(|size| (seed, size))) {
            let case = format!("{seed}, {num_items} items, {scale}");
            let mut instance = Instance::generate(&[seed; 32], num_items, 0).unwrap();
            instance.values.iter_mut().for_each(|value| *value *= scale);
            instance.min_value = optimum(&instance);
            let solution = solve(&instance).unwrap();
            assert_eq!(instance.verify(&solution), Ok(()), "{case}");
            instance.min_value += 1;
            assert_eq!(solve(&instance), None, "{case}");
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

    fn of_one_item(value: u32, max_weight: u32) -> Instance {
        Instance {
            seed: [0; 32],
            better_than_baseline: 0,
            weights: vec![1],
            values: vec![value],
            max_weight,
            min_value: 1,
        }
    }

    #[test]
    fn knapsack_larger_than_memory_holds_all_items() {
        let instance = of_one_item(1, u32::MAX);
        let items = solve(&instance).map(|solution| solution.items);
        assert_eq!(items, Some(vec![0]));
    }

    #[test]
    fn more_than_memory_holds_is_given_up() {
        let instance = Instance {
            weights: vec![u32::MAX; 2],
            values: vec![1; 2],
            ..of_one_item(1, u32::MAX)
        };
        assert_eq!(solve(&instance), None);
    }

    /// The table of all items would have five times as many decisions as are remembered.
    #[test]
    fn thousands_of_items_are_solved() {
        let instance = Instance::generate(&[1; 32], 20_000, 0).unwrap();
        let solution = solve(&instance).unwrap();
        assert_eq!(instance.verify(&solution), Ok(()));
    }

    #[test]
    fn values_up_to_the_highest_bit_are_solved() {
        for total in [0x7fff, 0x8000, 0x7fff_ffff] {
            let mut instance = Instance {
                seed: [0; 32],
                better_than_baseline: 0,
                weights: vec![0, 1, 70, 200],
                values: vec![0, 1, total - 1, 0],
                max_weight: 71,
                min_value: total,
            };
            let solution = solve(&instance).unwrap();
            assert_eq!(instance.verify(&solution), Ok(()), "{total}");
            instance.max_weight = 70;
            assert_eq!(solve(&instance), None, "{total}");
        }
    }

    #[test]
    fn values_beyond_the_highest_bit_are_given_up() {
        let instance = of_one_item(0x8000_0000, 1);
        assert_eq!(solve(&instance), None);
    }
}
