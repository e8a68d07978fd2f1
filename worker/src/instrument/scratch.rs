//! The locals that are added to every function.

use wasm_encoder::{InstructionSink, ValType};

/// Their types: state, fuel, and a place to keep a value of each type.
pub(super) const LOCALS: [ValType; 6] = [
    ValType::I64,
    ValType::I64,
    ValType::I32,
    ValType::I64,
    ValType::F32,
    ValType::F64,
];

/// A number that is in a local while a function runs, and in a global between functions and for the host.
pub(super) struct Kept {
    pub(super) local: u32,
    pub(super) global: u32,
}

impl Kept {
    pub(super) fn load(&self, sink: &mut InstructionSink<'_>) {
        sink.global_get(self.global).local_set(self.local);
    }

    pub(super) fn save(&self, sink: &mut InstructionSink<'_>) {
        sink.local_get(self.local).global_set(self.global);
    }
}

/// Locals to keep a value of each type.
pub(super) struct Scratch {
    pub(super) i32: u32,
    pub(super) i64: u32,
    pub(super) f32: u32,
    pub(super) f64: u32,
}

/// Indices of the locals of a function with so many before: state, fuel, the others.
pub(super) fn indices(before: u32) -> (u32, u32, Scratch) {
    let local = |index| before.saturating_add(index);
    let scratch = Scratch {
        i32: local(2),
        i64: local(3),
        f32: local(4),
        f64: local(5),
    };
    (local(0), local(1), scratch)
}
