//! The operators that count fuel, and end the run when there is none left.
//!
//! The engine could count, too. But it calls the host where fuel runs out, and a call is a place where registers are lost, in
//! every loop: some algorithms took 1.7 times as long (ADR 42). Here it is a branch to the end of the function.

use wasm_encoder::{BlockType, InstructionSink};

use super::fuel::Bulk;
use super::scratch::{Kept, Scratch};

/// Fuel that says that a run has ended for want of it. No run can owe that much: there is a check at each turn and call.
pub(crate) const OUT_OF_FUEL: i64 = i64::MIN;

/// The fuel that is left.
pub(super) struct Meter {
    pub(super) kept: Kept,
}

impl Meter {
    pub(super) fn pay(&self, sink: &mut InstructionSink<'_>, units: u32) {
        if units > 0 {
            sink.local_get(self.kept.local)
                .i64_const(-i64::from(units))
                .i64_add()
                .local_set(self.kept.local);
        }
    }

    /// Branches out of so many blocks where nothing is left.
    pub(super) fn check(&self, sink: &mut InstructionSink<'_>, blocks: u32) {
        sink.local_get(self.kept.local)
            .i64_const(0)
            .i64_le_s()
            .br_if(blocks);
    }

    /// Pays for the i32 on top of the stack, leaves it there, and checks.
    pub(super) fn pay_bulk(
        &self,
        sink: &mut InstructionSink<'_>,
        bulk: &Bulk,
        scratch: &Scratch,
        blocks: u32,
    ) {
        let Scratch { i32, i64, .. } = *scratch;
        sink.local_tee(i32)
            .local_get(i32)
            .i64_extend_i32_u()
            .i64_const(bulk.log2_items)
            .i64_shr_u()
            .local_set(i64)
            .block(BlockType::Empty);
        if let Some(items_max) = bulk.items_max {
            sink.local_get(i64).i64_const(items_max).i64_gt_u().br_if(0);
        }
        // At most 2^32 turns of 1024 units: this cannot overflow.
        sink.local_get(self.kept.local)
            .local_get(i64)
            .i64_const(i64::from(bulk.units))
            .i64_mul()
            .i64_sub()
            .local_set(self.kept.local)
            .end();
        self.check(sink, blocks);
    }

    /// Where the checks of a function branch to.
    pub(super) fn end_the_run(&self, sink: &mut InstructionSink<'_>) {
        sink.i64_const(OUT_OF_FUEL)
            .global_set(self.kept.global)
            .unreachable();
    }
}
