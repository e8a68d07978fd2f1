//! The operators that keep the state of an execution (see `instrument` and `fingerprint`).

use wasm_encoder::{InstructionSink, ValType};

use super::scratch::{Kept, Scratch};

/// The turn of a loop is `state = rotl(state ^ TURN_MASK, STEP_ROTATE) + place`: a multiplication for each would cost some
/// algorithms half as much again. Without the mask 64 turns would be one whole rotation, and as good as none; it has an odd
/// number of bits, so that such a rotation changes signs.
const TURN_MASK: i64 = 0x5bd1_e997;
/// Any other step is `state = (rotl(state, STEP_ROTATE) + place) * STEP_FACTOR`.
const STEP_ROTATE: i64 = 29;
/// Odd, so that a step loses nothing, and short enough for an immediate operand.
const STEP_FACTOR: i64 = 0x6d2b_79f5;
/// 64-bit values are turned before they are multiplied, so that signs of floats do not end in the topmost bit, where
/// two of them would cancel.
const WIDE_ROTATE: i64 = 17;

/// The state of an execution.
pub(super) struct State<'a> {
    pub(super) kept: Kept,
    /// Places numbered so far, in the whole module.
    pub(super) places: &'a mut u64,
}

impl State<'_> {
    /// A turn of a loop.
    pub(super) fn turn(&mut self, sink: &mut InstructionSink<'_>) {
        let place = self.place();
        sink.local_get(self.kept.local)
            .i64_const(TURN_MASK)
            .i64_xor()
            .i64_const(STEP_ROTATE)
            .i64_rotl()
            .i64_const(place)
            .i64_add()
            .local_tee(self.kept.local)
            .global_set(self.kept.global);
    }

    /// The entry of a function, or a return from a call.
    pub(super) fn step(&mut self, sink: &mut InstructionSink<'_>) {
        let place = self.place();
        sink.local_get(self.kept.local)
            .i64_const(STEP_ROTATE)
            .i64_rotl()
            .i64_const(place)
            .i64_add()
            .i64_const(STEP_FACTOR)
            .i64_mul()
            .local_tee(self.kept.local)
            .global_set(self.kept.global);
    }

    /// The way that was taken.
    pub(super) fn add_place(&mut self, sink: &mut InstructionSink<'_>) {
        let place = self.place();
        sink.local_get(self.kept.local)
            .i64_const(place)
            .i64_add()
            .local_set(self.kept.local);
    }

    /// Adds the value on top of the stack and leaves it there. References are no numbers; they are left alone.
    pub(super) fn add_value(
        &mut self,
        sink: &mut InstructionSink<'_>,
        ty: ValType,
        scratch: &Scratch,
    ) {
        let place = self.place();
        let Scratch { i32, i64, f32, f64 } = *scratch;
        match ty {
            ValType::I32 => sink.local_tee(i32).local_get(i32).i64_extend_i32_u(),
            ValType::F32 => sink
                .local_tee(f32)
                .local_get(f32)
                .i32_reinterpret_f32()
                .i64_extend_i32_u(),
            ValType::I64 => sink
                .local_tee(i64)
                .local_get(i64)
                .i64_const(WIDE_ROTATE)
                .i64_rotl(),
            ValType::F64 => sink
                .local_tee(f64)
                .local_get(f64)
                .i64_reinterpret_f64()
                .i64_const(WIDE_ROTATE)
                .i64_rotl(),
            ValType::V128 | ValType::Ref(_) => return,
        };
        sink.i64_const(place)
            .i64_mul()
            .local_get(self.kept.local)
            .i64_add()
            .local_set(self.kept.local);
    }

    /// A number of 31 bits, odd, of its own for every place of the module.
    fn place(&mut self) -> i64 {
        *self.places += 1;
        // SplitMix64.
        let mut mixed = self.places.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 33).cast_signed() | 1
    }
}
