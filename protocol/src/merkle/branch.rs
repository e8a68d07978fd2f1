//! The way from a leaf to the root, and a leaf together with it.

use std::fmt;
use std::str::FromStr;

use super::{MerkleError, MerkleHash, ParseMerkleError};
use crate::text::serde_as_text;

/// Hex digits of a stem: two of depth, then the hash.
const STEM_HEX_LEN: usize = 2 + MerkleHash::HEX_LEN;

/// The siblings of a leaf on its way to the root, as stems of depth (0 = leaf level) and hash.
///
/// A level on which the node has no sibling contributes no stem. As text: per stem 2 hex digits of depth and 64 of
/// hash, without separators; the branch of a tree with a single leaf is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct MerkleBranch(Vec<(u8, MerkleHash)>);

impl MerkleBranch {
    pub(super) fn new(stems: Vec<(u8, MerkleHash)>) -> Self {
        Self(stems)
    }

    /// The stems in the order in which they are climbed.
    pub fn stems(&self) -> &[(u8, MerkleHash)] {
        &self.0
    }

    /// Climbs from `leaf` at `index` and returns the root reached.
    ///
    /// As in the original it is not checked that the branch is as long as the tree is high: compare the root.
    ///
    /// # Errors
    /// Depths must rise strictly.
    pub fn root(&self, leaf: MerkleHash, index: u64) -> Result<MerkleHash, MerkleError> {
        let (mut node, mut index, mut reached) = (leaf, index, 0u8);
        for &(depth, sibling) in &self.0 {
            let skipped = depth
                .checked_sub(reached)
                .ok_or(MerkleError::UnorderedBranch { depth, reached })?;
            index = index.checked_shr(skipped.into()).unwrap_or(0);
            node = if index.is_multiple_of(2) {
                MerkleHash::parent(node, sibling)
            } else {
                MerkleHash::parent(sibling, node)
            };
            index /= 2;
            // The original's counter is a wrapping byte too: after depth 255 it starts again.
            reached = depth.wrapping_add(1);
        }
        Ok(node)
    }

    /// The branch in the whole tree: this branch inside a batch, then the batch root's branch in the `top` tree with
    /// its depths shifted by `depth_offset`, which is log2 of the batch size, also for a short last batch.
    #[must_use]
    pub fn join(mut self, top: &MerkleBranch, depth_offset: u8) -> MerkleBranch {
        // No tree over 64-bit nonces comes near the end of the byte.
        self.0.extend(
            top.0
                .iter()
                .map(|&(depth, hash)| (depth.saturating_add(depth_offset), hash)),
        );
        self
    }
}

impl fmt::Display for MerkleBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(depth, hash)| write!(f, "{depth:02x}{hash}"))
    }
}

impl FromStr for MerkleBranch {
    type Err = ParseMerkleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let what = "merkle branch";
        let (stems, rest) = text.as_bytes().as_chunks::<STEM_HEX_LEN>();
        if !rest.is_empty() {
            return Err(ParseMerkleError::Length {
                what,
                actual: text.len(),
                expected: "a multiple of 66",
            });
        }
        let stem = |digits: &[u8; STEM_HEX_LEN]| {
            let (depth, hash) = digits.split_at(2);
            let depth = std::str::from_utf8(depth)
                .ok()
                .and_then(|depth| u8::from_str_radix(depth, 16).ok());
            Ok((
                depth.ok_or(ParseMerkleError::Depth)?,
                MerkleHash::from_hex(hash, what)?,
            ))
        };
        stems.iter().map(stem).collect::<Result<_, _>>().map(Self)
    }
}

serde_as_text!(MerkleBranch);
