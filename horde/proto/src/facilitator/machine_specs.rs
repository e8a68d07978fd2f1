//! The machine of an executor.

use crate::json::object::wire_object;
use crate::specs::Specs;

wire_object! {
    /// A miner's description of a machine during a batch of tests.
    pub closed struct MachineSpecsUpdate {
        tag message_type = "V0MachineSpecsUpdate",
        /// SS58 address of the miner.
        pub miner_hotkey: String,
        /// SS58 address of the validator.
        pub validator_hotkey: String,
        /// The machine.
        pub specs: Specs,
        /// The batch.
        pub batch_id: String,
    }
}
