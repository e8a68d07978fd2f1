//! Cost of a program, in the units of the earlier interpreter as far as they can be had.
//!
//! That interpreter translates WASM to register instructions and charges a unit for each. Locals, constants, block ends
//! and drops become no instruction of their own there, and a comparison merges with the branch behind it; so they are
//! free here too. It charges whole regions when they are entered: the function, a turn of a loop, an arm of an `if`,
//! each without those inside it, but with what a branch may skip. So does this pass. What differs are mostly its copies
//! between registers: programs cost 0.5 to 1.0 times what they cost there.
//!
//! Invariant: a region's units are paid at its entry, and what a function has paid is in the global whenever another function may
//! look, and the host after a return. After a trap or a refused `memory.grow` the host finds what was paid at the last call or
//! return (ADR 42). Every turn of a loop and every call costs at least one unit and checks what is left, and
//! what is free is so only in small amounts, so that fuel bounds the time.

use wasmparser::Operator;

use super::fold;
use super::opcode::{Op, is_comparison};

/// Free operators that together cost a unit.
const FREE_PER_UNIT: u32 = 128;
/// Pages that may be asked for at once and are charged: 1 GiB, more than the limit of any network so far.
const PAGES_MAX: i64 = 1 << 14;

/// Cost of an operator for every so many items of its last operand.
pub(super) struct Bulk {
    /// Items of a turn, as a power of two.
    pub(super) log2_items: i64,
    /// Units of a turn.
    pub(super) units: u32,
    /// Beyond this the operator fails anyway, and is not paid for.
    pub(super) items_max: Option<i64>,
}

/// As the interpreter does, a unit for 64 bytes that are copied or cleared; in turns of 256 bytes, or of 16 elements of a
/// table.
pub(super) fn bulk(operator: &Operator<'_>) -> Option<Bulk> {
    match operator {
        Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } | Operator::MemoryInit { .. } => {
            Some(Bulk {
                log2_items: 8,
                units: 4,
                items_max: None,
            })
        }
        Operator::TableCopy { .. }
        | Operator::TableFill { .. }
        | Operator::TableGrow { .. }
        | Operator::TableInit { .. } => Some(Bulk {
            log2_items: 4,
            units: 1,
            items_max: None,
        }),
        Operator::MemoryGrow { .. } => Some(Bulk {
            log2_items: 0,
            units: 1024,
            items_max: Some(PAGES_MAX),
        }),
        _ => None,
    }
}

/// The units that a function owes when it enters its regions: at index 0 the function itself, at `i + 1` the region that
/// operator `i` begins, 0 where it begins none.
pub(super) fn regions(operators: &[Op<'_>]) -> Vec<u32> {
    let folded = fold::folded(operators);
    // As parts of a unit.
    let mut parts = vec![0; operators.len() + 1];
    let mut region = 0;
    // The region around each open block.
    let mut around = Vec::new();
    // Blocks that are open in code that cannot be reached; it costs nothing.
    let mut unreachable = 0;
    for (index, op) in operators.iter().enumerate() {
        match &op.operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. }
                if unreachable > 0 =>
            {
                unreachable += 1;
            }
            Operator::End if unreachable > 1 => unreachable -= 1,
            Operator::Else if unreachable > 1 => {}
            Operator::End => {
                unreachable = 0;
                region = around.pop().unwrap_or(0);
            }
            Operator::Else => {
                unreachable = 0;
                region = index + 1;
            }
            _ if unreachable > 0 => {}
            operator => {
                parts[region] += match folded[index] {
                    true => 1,
                    false => cost(operators, index).max(1),
                };
                match operator {
                    Operator::Block { .. } => around.push(region),
                    Operator::Loop { .. } | Operator::If { .. } => {
                        around.push(region);
                        region = index + 1;
                    }
                    operator if ends_block(operator) => unreachable = 1,
                    _ => {}
                }
            }
        }
    }
    parts.iter().map(|parts| parts / FREE_PER_UNIT).collect()
}

fn ends_block(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::Unreachable
    )
}

/// In parts of a unit, [`FREE_PER_UNIT`] or nothing.
fn cost(operators: &[Op<'_>], index: usize) -> u32 {
    match &operators[index].operator {
        Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Nop
        | Operator::Drop
        | Operator::LocalGet { .. }
        | Operator::LocalSet { .. }
        | Operator::LocalTee { .. }
        | Operator::RefNull { .. }
        | Operator::RefFunc { .. } => 0,
        _ if is_comparison(operators[index].opcode) && is_condition(operators, index) => 0,
        _ => FREE_PER_UNIT,
    }
}

/// Whether the comparison at `index` is the condition of the branch behind it, perhaps the other way round.
fn is_condition(operators: &[Op<'_>], index: usize) -> bool {
    let mut behind = operators[index + 1..].iter().map(|op| &op.operator);
    let mut next = behind.next();
    if matches!(next, Some(Operator::I32Eqz)) {
        next = behind.next();
    }
    matches!(next, Some(Operator::BrIf { .. } | Operator::If { .. }))
}
