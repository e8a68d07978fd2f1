//! Epochs, cycles, validators, slots.

use horde_calc::schedule::{
    BATCH_OFFSET_BLOCKS, BlockRange, CYCLE_BLOCKS, EPOCH_BLOCKS, MAIN_VALIDATOR_HOTKEY, SlotWindow,
    Timing, VALIDATORS_MAX, cycle, epoch, order_validators, select_validators, slot_block,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::vectors::{formula, load, recorded};

#[derive(Deserialize)]
struct Boundaries {
    rows: Vec<Boundary>,
}

#[derive(Deserialize)]
struct Boundary {
    netuid: u16,
    block: u32,
    epoch: (i64, i64),
    cycle: (i64, i64),
    nov_2024_epoch: (i64, i64),
}

#[derive(Deserialize)]
struct Row {
    block: u32,
    netuid: u16,
    start: i64,
    stop: i64,
}

#[derive(Deserialize)]
struct Slot {
    cycle: (i64, i64),
    total: usize,
    index: usize,
    offset: u32,
    block: i64,
}

fn pair(range: BlockRange) -> (i64, i64) {
    (range.start, range.stop)
}

/// The form of section 3.2.
fn nov_2024_epoch(block: u32, netuid: u16) -> (i64, i64) {
    let start = i64::from(block) - 1 - (i64::from(block) + i64::from(netuid) + 1) % EPOCH_BLOCKS;
    (start, start + EPOCH_BLOCKS)
}

#[test]
fn epochs_and_cycles_match_every_boundary_row() {
    let rows = load::<Boundaries>("epoch_boundaries.json").rows;
    assert_eq!(rows.len(), 110);
    let mut mended = 0;
    for row in rows {
        let Boundary { netuid, block, .. } = row;
        assert_eq!(pair(epoch(block, netuid)), row.epoch, "{netuid} {block}");
        assert_eq!(pair(cycle(block, netuid)), row.cycle, "{netuid} {block}");
        assert_eq!(nov_2024_epoch(block, netuid), row.nov_2024_epoch);
        mended += usize::from(row.epoch != row.nov_2024_epoch);
    }
    assert_eq!(mended, 35);
}

/// Two of these rows are for last blocks, where the validator of November 2024 names an epoch without the block.
#[test]
fn earlier_epoch_rows_match_but_for_last_blocks() {
    let mut mended = Vec::new();
    for row in formula::<Row>("epoch") {
        let expected = (row.start, row.stop);
        assert_eq!(nov_2024_epoch(row.block, row.netuid), expected);
        let ours = epoch(row.block, row.netuid);
        if pair(ours) != expected {
            assert_eq!(row.stop, i64::from(row.block));
            assert_eq!(ours.start, row.stop);
            mended.push((row.netuid, row.block));
        }
    }
    assert_eq!(mended, [(12, 347), (12, 708)]);
    for row in formula::<Row>("cycle") {
        let ours = cycle(row.block, row.netuid);
        assert_eq!(
            pair(ours),
            (row.start, row.stop),
            "{} {}",
            row.netuid,
            row.block
        );
    }
}

#[test]
fn slots_start_at_the_block_of_the_reference() {
    for row in formula::<Slot>("job_start_block") {
        let (start, stop) = row.cycle;
        let block = slot_block(BlockRange { start, stop }, row.offset, row.total, row.index);
        assert_eq!(block, Some(row.block));
    }
}

/// The recorded run: block hash asked for three blocks before the cycle, batch scheduled 24 after its start.
#[test]
fn recorded_schedule_comes_out() {
    let hash_block: i64 = recorded("get_block_hash");
    let scheduled: Value = recorded("scheduled");
    let found = cycle(u32::try_from(hash_block + 3).unwrap(), 49);
    assert_eq!(found.start - 3, hash_block);
    assert_eq!(
        serde_json::json!([found.start, found.stop]),
        scheduled["cycle"]
    );
    let block = slot_block(found, BATCH_OFFSET_BLOCKS, 1, 0);
    assert_eq!(block, scheduled["block"].as_i64());
}

#[test]
fn slot_beyond_the_list_or_cycle_is_none() {
    let cycle = cycle(4_400_000, 12);
    assert_eq!(slot_block(cycle, 24, 3, 3), None);
    assert_eq!(slot_block(cycle, 24, 0, 0), None);
    assert_eq!(slot_block(cycle, 723, 1, 0), None);
}

#[test]
fn timing_follows_the_window() {
    let timing = |now| SlotWindow::default().timing(100, now);
    assert_eq!(timing(0), Timing::Early);
    assert_eq!(timing(96), Timing::Early);
    assert_eq!(timing(97), Timing::Claim { blocks: 3 });
    assert_eq!(timing(99), Timing::Claim { blocks: 1 });
    assert_eq!(timing(100), Timing::Run { late_blocks: 0 });
    assert_eq!(timing(103), Timing::Run { late_blocks: 3 });
    assert_eq!(timing(104), Timing::Missed);
}

#[test]
fn validators_need_stake_and_the_main_one_leads() {
    let neurons = [
        ("poor", 999.9),
        ("rich", 5000.0),
        ("first of two", 1000.0),
        ("second of two", 1000.0),
        (MAIN_VALIDATOR_HOTKEY, 0.0),
        ("broken", f64::NAN),
    ];
    let expected = [
        MAIN_VALIDATOR_HOTKEY,
        "rich",
        "first of two",
        "second of two",
    ];
    assert_eq!(select_validators(neurons), expected);
}

#[test]
fn validators_beyond_the_list_are_left_out() {
    let hotkeys: Vec<_> = (0..30).map(|index| format!("hk{index}")).collect();
    let stake = |index| 1000.0 + f64::from(index);
    let neurons = hotkeys.iter().map(String::as_str).zip((0..30).map(stake));
    let selected = select_validators(neurons);
    assert_eq!(selected.len(), VALIDATORS_MAX);
    assert_eq!((selected[0], selected[23]), ("hk29", "hk6"));
    let ordered = order_validators(vec!["hk0", "hk1"], &format!("0x{}", "ab".repeat(32)));
    assert_eq!(ordered, ["hk1", "hk0"]);
}

proptest! {
    #[test]
    fn each_block_is_in_exactly_one_epoch_and_cycle(block: u32, netuid: u16) {
        for (of, length) in [
            (epoch as fn(u32, u16) -> BlockRange, EPOCH_BLOCKS),
            (cycle, CYCLE_BLOCKS),
        ] {
            let range = of(block, netuid);
            prop_assert!(range.contains(block));
            prop_assert_eq!(range.count(), length as u64);
            // All blocks of the range name it, and the ones beside it name the ranges beside it.
            for at in [range.start, range.stop - 1] {
                if let Ok(at) = u32::try_from(at) {
                    prop_assert_eq!(of(at, netuid), range);
                }
            }
            if let Ok(next) = u32::try_from(range.stop) {
                prop_assert_eq!(of(next, netuid).start, range.stop);
            }
            if let Ok(before) = u32::try_from(range.start - 1) {
                prop_assert_eq!(of(before, netuid).stop, range.start);
            }
        }
        // An epoch is one half of its cycle.
        let (epoch, cycle) = (epoch(block, netuid), cycle(block, netuid));
        prop_assert!(epoch.start == cycle.start || epoch.stop == cycle.stop);
    }

    #[test]
    fn slots_of_a_cycle_are_in_order_within_it(block: u32, netuid: u16, count in 1_usize..=24) {
        let cycle = cycle(block, netuid);
        let slots: Vec<_> = (0..count).filter_map(|it| slot_block(cycle, 24, count, it)).collect();
        prop_assert_eq!(slots.len(), count);
        prop_assert_eq!(slots[0], cycle.start + 24);
        prop_assert!(slots.is_sorted_by(|one, next| one + 29 <= *next));
        prop_assert!(slots[count - 1] < cycle.stop);
    }

    #[test]
    fn an_order_has_each_validator_once(count in 0_usize..40, seed: String) {
        let mut ordered = order_validators((0..count).collect(), &seed);
        ordered.sort_unstable();
        prop_assert_eq!(ordered, (0..count).collect::<Vec<_>>());
    }
}
