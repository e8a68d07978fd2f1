//! The text in which the reference benchmarker keeps a tree on disk (tig-api.md section 2).

use std::fmt;
use std::str::FromStr;

use super::{MerkleError, MerkleHash, MerkleTree, ParseMerkleError};
use crate::text::serde_as_text;

/// Hex digits of the capacity in front of the leaves.
const CAPACITY_HEX_LEN: usize = 16;

/// Leaves and capacity of a tree as read from text, not yet checked: 16 hex digits of capacity, then 64 per leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTree {
    /// Capacity the tree was made with.
    pub capacity: u64,
    /// Leaf hashes in order.
    pub leaves: Vec<MerkleHash>,
}

impl TryFrom<StoredTree> for MerkleTree {
    type Error = MerkleError;

    fn try_from(stored: StoredTree) -> Result<Self, Self::Error> {
        Self::new(stored.leaves, stored.capacity)
    }
}

impl fmt::Display for StoredTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.capacity)?;
        self.leaves.iter().try_for_each(|leaf| write!(f, "{leaf}"))
    }
}

impl FromStr for StoredTree {
    type Err = ParseMerkleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "stored merkle tree";
        let length = || ParseMerkleError::Length {
            what,
            actual: text.len(),
            expected: "16 and a multiple of 64",
        };
        let (capacity, leaves) = text.split_at_checked(CAPACITY_HEX_LEN).ok_or_else(length)?;
        let (leaves, rest) = leaves.as_bytes().as_chunks::<{ MerkleHash::HEX_LEN }>();
        if !rest.is_empty() {
            return Err(length());
        }
        let capacity = u64::from_str_radix(capacity, 16).map_err(ParseMerkleError::Capacity)?;
        let leaves = leaves
            .iter()
            .map(|digits| MerkleHash::from_hex(digits, what))
            .collect::<Result<_, _>>()?;
        Ok(Self { capacity, leaves })
    }
}

serde_as_text!(StoredTree);
