//! Merkle trees over leaf hashes (tig-protocol.md section 7.3).

mod branch;
mod growing;
mod hash;
mod stored;
mod tree;

pub use branch::MerkleBranch;
pub use growing::GrowingTree;
pub use hash::MerkleHash;
pub use stored::StoredTree;
pub use tree::MerkleTree;

/// Why a tree, a branch or a root cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// A tree without leaves has no root.
    #[error("merkle tree without leaves")]
    NoLeaves,
    /// The capacity is not a power of two, or smaller than the number of leaves.
    #[error(
        "merkle tree capacity {capacity} must be a power of two and at least {num_leaves}, the number of leaves"
    )]
    BadCapacity {
        /// The capacity asked for.
        capacity: u64,
        /// Leaves given.
        num_leaves: usize,
    },
    /// The index is not below the capacity.
    #[error("leaf index {index} is not below the merkle tree capacity {capacity}")]
    IndexOutOfRange {
        /// The index asked for.
        index: u64,
        /// Capacity of the tree.
        capacity: u64,
    },
    /// A stem lies below the level already reached.
    #[error("merkle branch stem at depth {depth} comes after depth {reached} has been passed")]
    UnorderedBranch {
        /// Depth of the stem.
        depth: u8,
        /// Level the climb had reached.
        reached: u8,
    },
}

/// Why a text is not a Merkle hash, branch or tree.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParseMerkleError {
    /// Wrong number of characters.
    #[error("{what} of {actual} characters, expected {expected}")]
    Length {
        /// What was to be parsed.
        what: &'static str,
        /// Characters found.
        actual: usize,
        /// Characters wanted, in words.
        expected: &'static str,
    },
    /// A character that is not a hex digit.
    #[error("{what} is not hexadecimal")]
    Hex {
        /// What was to be parsed.
        what: &'static str,
        /// The decoder's own words.
        #[source]
        source: hex::FromHexError,
    },
    /// A stem's depth is not a number.
    #[error("merkle branch has a stem whose depth is not 2 hex digits")]
    Depth,
    /// The leading capacity of a stored tree is not a number.
    #[error("stored merkle tree does not begin with a capacity of 16 hex digits")]
    Capacity(#[source] std::num::ParseIntError),
}
