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
    /// No nodes, so no depot.
    #[error("cannot route without nodes, the depot is the first")]
    NoDepot,
    /// The serialised instance would exceed [`INSTANCE_BYTES_MAX`].
    #[error("instance of {num_bytes} bytes exceeds the limit of {INSTANCE_BYTES_MAX}")]
    TooLarge {
        /// Bytes it would have; saturated.
        num_bytes: u64,
    },
}

/// Why a solution is invalid. The text is that of the original worker.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
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
    /// A route that visits nothing, or does not go from the depot to the depot.
    #[error(
        "Each route must start and end at node 0 (the depot), and visit at least one non-depot node"
    )]
    MalformedRoute,
    /// A node that does not exist. The original worker crashes.
    #[error("Node ({node}) is out of bounds")]
    NodeOutOfBounds {
        /// The first such node.
        node: usize,
    },
    /// A second visit, or one to the depot between two nodes.
    #[error("The same non-depot node cannot be visited more than once")]
    NodeVisitedTwice,
    /// More demand on a route than it can serve.
    #[error("The total demand on each route must not exceed max capacity")]
    OverCapacity,
    /// A node on no route.
    #[error("All nodes must be visited")]
    UnvisitedNodes,
    /// Longer routes than allowed.
    #[error("Total distance ({total}) exceeds max total distance ({max})")]
    TooFar {
        /// Length of all routes.
        total: i32,
        /// Length allowed.
        max: i32,
    },
    /// Too few or too many indexes.
    #[error("Invalid number of indexes. Expected: {expected}, Actual: {actual}")]
    NumIndexes {
        /// Queries of the instance.
        expected: usize,
        /// Indexes of the solution.
        actual: usize,
    },
    /// A vector that does not exist.
    #[error("Invalid index. Expected: less than {end}, Actual: {index}")]
    IndexOutOfBounds {
        /// The first such index.
        index: usize,
        /// Vectors of the database.
        end: usize,
    },
    /// Vectors farther away than allowed.
    #[error("Average query vector distance is '{average}'. Max dist: '{max}'")]
    TooDistant {
        /// Mean distance.
        average: f32,
        /// Mean distance allowed.
        max: f32,
    },
}
