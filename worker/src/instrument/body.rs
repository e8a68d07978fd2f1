//! Rewrites the body of one function (see `instrument`).

use wasm_encoder::{BlockType, Function, ValType, reencode};
use wasmparser::{FunctionBody, Operator};

use super::meter::Meter;
use super::opcode::{Op, is_known};
use super::scratch::{self, Kept, Scratch};
use super::state::State;
use super::{fuel, fuel_global, state_global};
use crate::error::BadModule;

/// Why a valid module is not rewritten.
pub(super) type Error = reencode::Error<BadModule>;

/// Units for entering a function, besides those of its first region.
const CALL_UNITS: u32 = 1;

pub(super) struct Body<'a> {
    output: Function,
    state: State<'a>,
    meter: Meter,
    scratch: Scratch,
    globals: &'a [ValType],
    body: FunctionBody<'a>,
    /// Blocks of the original around the current operator; the function itself is the first.
    depth: u32,
}

impl<'a> Body<'a> {
    /// The body of a function that has so many locals, added ones not counted.
    pub(super) fn new(
        output: Function,
        num_locals: u32,
        globals: &'a [ValType],
        places: &'a mut u64,
        body: FunctionBody<'a>,
    ) -> Self {
        let (state, fuel, scratch) = scratch::indices(num_locals);
        let state = State {
            kept: Kept {
                local: state,
                global: state_global(globals),
            },
            places,
        };
        let meter = Meter {
            kept: Kept {
                local: fuel,
                global: fuel_global(globals),
            },
        };
        Self {
            output,
            state,
            meter,
            scratch,
            globals,
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
        // Modules are validated without the proposals of other operators; a validator with more of them must not open a way
        // around the count.
        if let Some(unknown) = operators.iter().find(|op| !is_known(op.opcode)) {
            let text = format!("operator {:?} is not supported", unknown.operator);
            return Err(Error::UserError(BadModule::Invalid(text)));
        }
        let units = fuel::regions(&operators);
        self.enter(units[0]);
        for (index, op) in operators.iter().enumerate() {
            let end = operators
                .get(index + 1)
                .map_or(bytes.len(), |next| next.offset);
            let raw = &bytes[op.offset..end];
            self.before(&op.operator);
            self.copy(&op.operator, raw)?;
            self.after(&op.operator, units[index + 1]);
        }
        Ok(std::mem::replace(&mut self.output, Function::new([])))
    }

    /// The body is in a block of its own: behind it, the function ends the run for want of fuel.
    fn enter(&mut self, units: u32) {
        let mut sink = self.output.instructions();
        sink.block(BlockType::Empty);
        self.meter.kept.load(&mut sink);
        self.meter.pay(&mut sink, CALL_UNITS);
        self.meter.check(&mut sink, self.depth - 1);
        self.meter.pay(&mut sink, units);
        self.state.kept.load(&mut sink);
        self.state.step(&mut sink);
    }

    /// The operator itself. One more block is around all of them, so ways out of the function are longer by one.
    fn copy(&mut self, operator: &Operator<'_>, raw: &[u8]) -> Result<(), Error> {
        let depth = self.depth;
        let longer = |target| match leaves(target, depth) {
            true => target + 1,
            false => target,
        };
        let mut sink = self.output.instructions();
        match operator {
            // A `nop` of the program is free, so it goes.
            Operator::Nop => {}
            Operator::End if depth == 1 => {
                sink.return_().end();
                self.meter.end_the_run(&mut sink);
                sink.end();
            }
            Operator::Br { relative_depth } => {
                sink.br(longer(*relative_depth));
            }
            Operator::BrIf { relative_depth } => {
                sink.br_if(longer(*relative_depth));
            }
            Operator::BrTable { targets } => {
                let listed: Vec<u32> = targets
                    .targets()
                    .map(|target| target.map(longer))
                    .collect::<Result<_, _>>()?;
                sink.br_table(listed, longer(targets.default()));
            }
            _ => {
                self.output.raw(raw.iter().copied());
            }
        }
        Ok(())
    }

    fn before(&mut self, operator: &Operator<'_>) {
        let stored = self.stored(operator);
        let may_leave = self.may_leave(operator);
        let mut sink = self.output.instructions();
        if let Some(ty) = stored {
            self.state.add_value(&mut sink, ty, &self.scratch);
        }
        if may_leave {
            self.state.kept.save(&mut sink);
            self.meter.kept.save(&mut sink);
        }
        if let Some(bulk) = fuel::bulk(operator) {
            self.meter
                .pay_bulk(&mut sink, &bulk, &self.scratch, self.depth - 1);
        }
    }

    /// The type of the value on top of the stack, if it goes into the state.
    fn stored(&self, operator: &Operator<'_>) -> Option<ValType> {
        match operator {
            Operator::I32Store { .. }
            | Operator::I32Store8 { .. }
            | Operator::I32Store16 { .. }
            | Operator::MemoryGrow { .. }
            // The length.
            | Operator::MemoryFill { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryInit { .. }
            | Operator::BrTable { .. } => Some(ValType::I32),
            Operator::I64Store { .. }
            | Operator::I64Store8 { .. }
            | Operator::I64Store16 { .. }
            | Operator::I64Store32 { .. } => Some(ValType::I64),
            Operator::F32Store { .. } => Some(ValType::F32),
            Operator::F64Store { .. } => Some(ValType::F64),
            Operator::GlobalSet { global_index } => {
                let ty = self.globals.get(*global_index as usize).copied();
                Some(ty.unwrap_or(ValType::FUNCREF))
            }
            _ => None,
        }
    }

    /// Whether others may read the globals before the next operator, if there is one.
    fn may_leave(&self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::BrTable { targets } => {
                let mut targets = targets.targets().flatten().chain([targets.default()]);
                targets.any(|target| leaves(target, self.depth))
            }
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                leaves(*relative_depth, self.depth)
            }
            Operator::End => self.depth == 1,
            Operator::Return
            | Operator::Unreachable
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. } => true,
            _ => false,
        }
    }

    /// Pays for the region that the operator has begun.
    fn after(&mut self, operator: &Operator<'_>, units: u32) {
        let mut sink = self.output.instructions();
        match operator {
            Operator::Block { .. } => self.depth += 1,
            Operator::Loop { .. } => {
                self.depth += 1;
                self.meter.check(&mut sink, self.depth - 1);
                self.meter.pay(&mut sink, units);
                self.state.turn(&mut sink);
            }
            Operator::If { .. } => {
                self.depth += 1;
                self.meter.pay(&mut sink, units);
                self.state.add_place(&mut sink);
            }
            Operator::Else => self.meter.pay(&mut sink, units),
            Operator::End => self.depth -= 1,
            // Only when the branch is not taken, which makes both ways differ.
            Operator::BrIf { .. } => self.state.add_place(&mut sink),
            Operator::Call { .. } | Operator::CallIndirect { .. } => {
                self.meter.kept.load(&mut sink);
                self.state.kept.load(&mut sink);
                self.state.step(&mut sink);
            }
            _ => {}
        }
    }
}

/// Whether a branch to this depth ends the function.
fn leaves(target: u32, depth: u32) -> bool {
    target + 1 == depth
}
