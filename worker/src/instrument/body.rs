//! Rewrites the body of one function (see `instrument`).

use wasm_encoder::{BlockType, Function, InstructionSink, ValType, reencode};
use wasmparser::{FunctionBody, Operator};

use super::fuel;
use super::opcode::Op;
use crate::error::BadModule;

/// Why a valid module is not rewritten.
pub(super) type Error = reencode::Error<BadModule>;

/// The locals that are added to every function: the state, and a place to keep a value of each type.
pub(super) const LOCALS: [ValType; 5] = [
    ValType::I64,
    ValType::I32,
    ValType::I64,
    ValType::F32,
    ValType::F64,
];

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

/// Indices of the added locals.
struct Locals {
    state: u32,
    i32: u32,
    i64: u32,
    f32: u32,
    f64: u32,
}

pub(super) struct Body<'a> {
    output: Function,
    locals: Locals,
    globals: &'a [ValType],
    places: &'a mut u64,
    body: FunctionBody<'a>,
    /// Blocks around the current operator; the function itself is the first.
    depth: u32,
}

impl<'a> Body<'a> {
    pub(super) fn new(
        output: Function,
        num_locals: u32,
        globals: &'a [ValType],
        places: &'a mut u64,
        body: FunctionBody<'a>,
    ) -> Self {
        let local = |index| num_locals.saturating_add(index);
        let locals = Locals {
            state: local(0),
            i32: local(1),
            i64: local(2),
            f32: local(3),
            f64: local(4),
        };
        Self {
            output,
            locals,
            globals,
            places,
            body,
            depth: 1,
        }
    }

    pub(super) fn rewrite(&mut self) -> Result<Function, Error> {
        let bytes = self.body.as_bytes();
        let start = self.body.range().start;
        let operators: Vec<Op<'_>> = self
            .body
            .get_operators_reader()?
            .into_iter_with_offsets()
            .map(|item| {
                item.map(|(operator, offset)| Op {
                    operator,
                    opcode: bytes[offset - start],
                    offset: offset - start,
                })
            })
            .collect::<Result<_, _>>()?;
        let units = fuel::regions(&operators);
        self.pay(units[0]);
        self.load();
        self.step();
        for (index, op) in operators.iter().enumerate() {
            let operator = &op.operator;
            let end = operators
                .get(index + 1)
                .map_or(bytes.len(), |next| next.offset);
            self.before(operator);
            if let Some(bulk) = fuel::bulk(operator) {
                self.charge(&bulk);
            }
            // A `nop` of the program is free, so it goes.
            if !matches!(operator, Operator::Nop) {
                self.output.raw(bytes[op.offset..end].iter().copied());
            }
            self.pay(units[index + 1]);
            self.after(operator);
        }
        Ok(std::mem::replace(&mut self.output, Function::new([])))
    }

    fn before(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::I32Store { .. }
            | Operator::I32Store8 { .. }
            | Operator::I32Store16 { .. }
            | Operator::MemoryGrow { .. }
            // The length.
            | Operator::MemoryFill { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryInit { .. } => self.add_value(ValType::I32),
            Operator::I64Store { .. }
            | Operator::I64Store8 { .. }
            | Operator::I64Store16 { .. }
            | Operator::I64Store32 { .. } => self.add_value(ValType::I64),
            Operator::F32Store { .. } => self.add_value(ValType::F32),
            Operator::F64Store { .. } => self.add_value(ValType::F64),
            Operator::GlobalSet { global_index } => {
                let ty = self.globals.get(*global_index as usize).copied();
                self.add_value(ty.unwrap_or(ValType::FUNCREF));
            }
            Operator::BrTable { targets } => {
                self.add_value(ValType::I32);
                let depths = targets.targets().flatten().chain([targets.default()]);
                if depths.into_iter().any(|depth| self.leaves(depth)) {
                    self.save();
                }
            }
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth }
                if self.leaves(*relative_depth) =>
            {
                self.save();
            }
            Operator::End if self.depth == 1 => self.save(),
            Operator::Return
            | Operator::Unreachable
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. } => self.save(),
            _ => {}
        }
    }

    fn after(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. } => self.depth += 1,
            Operator::Loop { .. } => {
                self.depth += 1;
                self.turn();
            }
            Operator::If { .. } => {
                self.depth += 1;
                self.add_place();
            }
            Operator::End => self.depth -= 1,
            // Only when the branch is not taken, which makes both ways differ.
            Operator::BrIf { .. } => self.add_place(),
            Operator::Call { .. } | Operator::CallIndirect { .. } => {
                self.load();
                self.step();
            }
            _ => {}
        }
    }

    /// Whether a branch to this depth ends the function.
    fn leaves(&self, relative_depth: u32) -> bool {
        relative_depth + 1 == self.depth
    }

    fn sink(&mut self) -> InstructionSink<'_> {
        self.output.instructions()
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

    fn state_global(&self) -> u32 {
        self.globals.len() as u32
    }

    fn pay(&mut self, units: u32) {
        for _ in 0..units {
            self.sink().nop();
        }
    }

    fn load(&mut self) {
        let (state, global) = (self.locals.state, self.state_global());
        self.sink().global_get(global).local_set(state);
    }

    fn save(&mut self) {
        let (state, global) = (self.locals.state, self.state_global());
        self.sink().local_get(state).global_set(global);
    }

    fn turn(&mut self) {
        let (state, global, place) = (self.locals.state, self.state_global(), self.place());
        self.sink()
            .local_get(state)
            .i64_const(TURN_MASK)
            .i64_xor()
            .i64_const(STEP_ROTATE)
            .i64_rotl()
            .i64_const(place)
            .i64_add()
            .local_tee(state)
            .global_set(global);
    }

    fn step(&mut self) {
        let (state, global, place) = (self.locals.state, self.state_global(), self.place());
        self.sink()
            .local_get(state)
            .i64_const(STEP_ROTATE)
            .i64_rotl()
            .i64_const(place)
            .i64_add()
            .i64_const(STEP_FACTOR)
            .i64_mul()
            .local_tee(state)
            .global_set(global);
    }

    fn add_place(&mut self) {
        let (state, place) = (self.locals.state, self.place());
        self.sink()
            .local_get(state)
            .i64_const(place)
            .i64_add()
            .local_set(state);
    }

    /// Consumes the fuel for the i32 on top of the stack and leaves it there.
    fn charge(&mut self, bulk: &fuel::Bulk) {
        let Locals { i32, i64, .. } = self.locals;
        let mut sink = self.output.instructions();
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
        sink.loop_(BlockType::Empty)
            .local_get(i64)
            .i32_wrap_i64()
            .if_(BlockType::Empty);
        for _ in 0..bulk.units {
            sink.nop();
        }
        sink.local_get(i64)
            .i64_const(-1)
            .i64_add()
            .local_set(i64)
            .br(1)
            .end()
            .end()
            .end();
    }

    /// Adds the value on top of the stack and leaves it there. References are no numbers; they are left alone.
    fn add_value(&mut self, ty: ValType) {
        let place = self.place();
        let Locals {
            state,
            i32,
            i64,
            f32,
            f64,
        } = self.locals;
        let mut sink = self.output.instructions();
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
            .local_get(state)
            .i64_add()
            .local_set(state);
    }
}
