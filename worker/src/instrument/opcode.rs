//! An operator of a body, and the numeric ones by their first byte, which orders them by what they take and give.

use wasmparser::Operator;

/// An operator of a body.
pub(super) struct Op<'a> {
    pub(super) operator: Operator<'a>,
    /// First byte of the operator.
    pub(super) opcode: u8,
    /// Where it begins in the bytes of the body.
    pub(super) offset: usize,
}

/// `i32.eqz` to `f64.ge`.
const COMPARISONS: std::ops::RangeInclusive<u8> = 0x45..=0x66;
/// Those and all arithmetic and conversions but the saturating ones, which have a prefix.
const NUMERIC: std::ops::RangeInclusive<u8> = 0x45..=0xc4;

/// Whether the rewriting knows the operator: those of WASM 2.0 without SIMD, and tail calls. Among others are calls and branches,
/// at which fuel and state would be lost.
pub(super) fn is_known(opcode: u8) -> bool {
    matches!(
        opcode,
        // Control to `return_call_indirect`, without exceptions.
        0x00..=0x05 | 0x0b..=0x13
        // `drop` and `select`; locals, globals and tables.
        | 0x1a..=0x1c | 0x20..=0x26
        // Memory, constants and numbers.
        | 0x28..=0xc4
        // `ref.null`, `ref.is_null`, `ref.func`.
        | 0xd0..=0xd2
        // Saturating conversions and bulk operators.
        | 0xfc
    )
}

/// Whether the result is a truth value.
pub(super) fn is_comparison(opcode: u8) -> bool {
    COMPARISONS.contains(&opcode)
}

/// How many numbers a numeric operator takes to give one; `None` for others.
pub(super) fn operands(opcode: u8) -> Option<usize> {
    match opcode {
        // `eqz`
        0x45 | 0x50
        // `clz`, `ctz`, `popcnt`
        | 0x67..=0x69
        | 0x79..=0x7b
        // `abs` to `sqrt`
        | 0x8b..=0x91
        | 0x99..=0x9f
        // Conversions and sign extensions.
        | 0xa7..=0xc4 => Some(1),
        opcode if NUMERIC.contains(&opcode) => Some(2),
        _ => None,
    }
}

/// Whether a conversion leaves the bits of its operand as they are: `i64.extend_i32_u` and the reinterpretations.
pub(super) fn keeps_bits(opcode: u8) -> bool {
    matches!(opcode, 0xad | 0xbc..=0xbf)
}
