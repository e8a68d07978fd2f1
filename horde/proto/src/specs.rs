//! Descriptions of executors' machines.

use serde_json::{Map, Value};

use crate::json::object::wire_object;

/// Graphics cards, processor, memory, disks and system; opaque, and passed on as they came.
pub type Specs = Map<String, Value>;

wire_object! {
    /// The envelope of the specs in the messages of miners.
    pub open struct MachineSpecs {
        /// The specs.
        pub specs: Specs,
    }
}
