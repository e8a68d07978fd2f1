//! Why there is no instance, and why a solution does not count.

use crate::INSTANCE_BYTES_MAX;

/// Why a seed and a difficulty give no instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Every challenge has two parameters.
    #[error("invalid difficulty length: expected 2 values, got {actual}")]
    DifficultyLength {
        /// Values given.
        actual: usize,
    },
    /// A number of variables of which none can be drawn.
    #[error("cannot draw from {num_variables} variables, must be from 1 to 2147483646")]
    NumVariables {
        /// Variables asked for.
        num_variables: i32,
    },
    /// The serialised instance would exceed [`INSTANCE_BYTES_MAX`].
    #[error("instance of {num_bytes} bytes exceeds the limit of {INSTANCE_BYTES_MAX}")]
    TooLarge {
        /// Bytes it would have; saturated.
        num_bytes: u64,
    },
}

/// Why a solution is invalid. The text is that of the original worker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSolution {
    /// The object lacks a field or has one of the wrong type.
    #[error("Invalid solution. Cannot convert to {challenge}::Solution")]
    Malformed {
        /// Name of the challenge.
        challenge: &'static str,
    },
    /// Too few or too many variables.
    #[error("Invalid number of variables. Expected: {expected}, Actual: {actual}")]
    NumVariables {
        /// Variables of the instance.
        expected: usize,
        /// Variables of the solution.
        actual: usize,
    },
    /// No literal of the clause is true.
    #[error("Clause '{clause}' not satisfied")]
    UnsatisfiedClause {
        /// Index of the first such clause.
        clause: usize,
    },
    /// An item is selected twice.
    #[error("Duplicate items selected.")]
    DuplicateItems,
    /// An item that does not exist.
    #[error("Item ({item}) is out of bounds")]
    ItemOutOfBounds {
        /// The first such item.
        item: usize,
    },
    /// More weight than the knapsack holds.
    #[error("Total weight ({total}) exceeded max weight ({max})")]
    TooHeavy {
        /// Weight of the items.
        total: u32,
        /// Weight the knapsack holds.
        max: u32,
    },
    /// Less value than asked for.
    #[error("Total value ({total}) does not reach minimum value ({min})")]
    TooCheap {
        /// Value of the items.
        total: u32,
        /// Value asked for.
        min: u32,
    },
}
