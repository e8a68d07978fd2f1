//! When a validator acts: epochs, cycles of two epochs, and its own slot in a cycle.

mod cycle;
mod epoch;
mod slot;
mod validators;

pub use cycle::{CYCLE_BLOCKS, cycle};
pub use epoch::{BlockRange, EPOCH_BLOCKS, TEMPO_BLOCKS, epoch};
pub use slot::{BATCH_OFFSET_BLOCKS, SlotWindow, Timing, slot_block};
pub use validators::{
    MAIN_VALIDATOR_HOTKEY, STAKE_MIN, VALIDATORS_MAX, order_validators, select_validators,
};
