//! The place of this validator among those of a cycle (section 3.2).

use horde_calc::schedule::{BATCH_OFFSET_BLOCKS, BlockRange, order_validators, slot_block};
use serde::Serialize;

/// A slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Slot {
    /// Number of the slot, from 0.
    pub(crate) index: usize,
    /// Validators of the cycle.
    pub(crate) count: usize,
    /// The block at which the batch begins.
    pub(crate) block: u32,
}

/// Where this validator is in a cycle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// The validators or their order are not known yet.
    Unknown,
    /// It is not one of the validators of the cycle.
    NotListed {
        /// Validators of the cycle.
        count: usize,
    },
    /// It has a slot.
    Slot(Slot),
}

/// The place of `hotkey` in a cycle with these validators, in the order that `seed` makes of them.
pub(crate) fn find_place(
    range: BlockRange,
    validators: &[String],
    seed: &str,
    hotkey: &str,
) -> Place {
    let count = validators.len();
    let order = order_validators(validators.iter().collect(), seed);
    let index = order.iter().position(|validator| *validator == hotkey);
    let slot = index.and_then(|index| {
        let block = slot_block(range, BATCH_OFFSET_BLOCKS, count, index)?;
        let block = u32::try_from(block).ok()?;
        Some(Slot {
            index,
            count,
            block,
        })
    });
    slot.map_or(Place::NotListed { count }, Place::Slot)
}

#[cfg(test)]
mod tests {
    use horde_calc::schedule::cycle;

    use super::*;

    #[test]
    fn each_validator_has_a_slot_of_its_own() {
        let validators: Vec<_> = (0..24).map(|number| format!("v{number}")).collect();
        let range = cycle(1_000, 12);
        let place = |hotkey: &str| find_place(range, &validators, "0xab", hotkey);
        let mut slots: Vec<_> = validators
            .iter()
            .map(|hotkey| match place(hotkey) {
                Place::Slot(slot) => slot,
                other => panic!("{hotkey}: {other:?}"),
            })
            .collect();
        slots.sort_by_key(|slot| slot.index);
        let first = i64::from(slots[0].block);
        assert_eq!(first, range.start + i64::from(BATCH_OFFSET_BLOCKS));
        let distances = slots.windows(2).map(|pair| pair[1].block - pair[0].block);
        assert!(
            distances
                .into_iter()
                .all(|blocks| (29..=30).contains(&blocks))
        );
        assert_eq!(place("other"), Place::NotListed { count: 24 });
    }
}
