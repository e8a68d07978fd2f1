//! Operators that the earlier interpreter does not execute: it computes on constants while it translates, and conversions
//! that leave the bits as they are become nothing.
//!
//! A function is followed with a stack of what is known to be constant. Where control goes other ways than straight on
//! nothing is known any more, which can only make an operator cost more.

use wasmparser::Operator;

use super::opcode::{Op, keeps_bits, operands};

/// For every operator, whether it is computed before the program runs.
pub(super) fn folded(operators: &[Op<'_>]) -> Vec<bool> {
    let mut stack = Stack::default();
    operators.iter().map(|op| stack.follow(op)).collect()
}

/// Whether each value is a constant, the topmost last. Values further down are not known to be.
#[derive(Default)]
struct Stack(Vec<bool>);

impl Stack {
    fn follow(&mut self, op: &Op<'_>) -> bool {
        use Operator as O;
        match &op.operator {
            O::I32Const { .. } | O::I64Const { .. } | O::F32Const { .. } | O::F64Const { .. } => {
                self.0.push(true);
                true
            }
            O::LocalGet { .. } | O::GlobalGet { .. } | O::MemorySize { .. } => {
                self.0.push(false);
                false
            }
            O::Drop | O::LocalSet { .. } | O::GlobalSet { .. } => {
                self.pop(1);
                false
            }
            // The value stays what it was.
            O::LocalTee { .. } | O::Nop => false,
            O::Select => {
                let condition = self.pop(1);
                let values = self.pop(2);
                self.0.push(condition && values);
                condition
            }
            // Which way it goes is decided. A branch that is always taken is still one.
            O::If { .. } => {
                let condition = self.pop(1);
                self.0.clear();
                condition
            }
            _ => match operands(op.opcode) {
                Some(count) => {
                    let constant = self.pop(count);
                    self.0.push(constant);
                    constant || keeps_bits(op.opcode)
                }
                None => {
                    self.0.clear();
                    false
                }
            },
        }
    }

    /// Takes values off; whether all of them are constants.
    fn pop(&mut self, count: usize) -> bool {
        (0..count).fold(true, |all, _| self.0.pop().unwrap_or(false) && all)
    }
}
