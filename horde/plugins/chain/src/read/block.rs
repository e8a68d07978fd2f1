//! Number and hash of a block.

use serde::Deserialize;

use super::{Unreadable, from_json, read_hash};

/// A block as an answer names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    pub(crate) number: u32,
    /// `0x` and 64 digits.
    pub(crate) hash: String,
}

/// A block in an answer.
#[derive(Deserialize)]
pub(super) struct RawBlock {
    number: u32,
    hash: String,
}

impl RawBlock {
    pub(super) fn read(self) -> Result<Head, Unreadable> {
        Ok(Head {
            number: self.number,
            hash: read_hash(&self.hash)?,
        })
    }

    /// The newest block.
    pub(super) fn read_newest(self) -> Result<Head, Unreadable> {
        match self.number {
            0 => Err(Unreadable::BlockZero),
            _ => self.read(),
        }
    }
}

/// Both forms of the answer: with the block alone, or as the other answers have it.
#[derive(Deserialize)]
struct BlockAnswer {
    block: Option<RawBlock>,
    number: Option<u32>,
    hash: Option<String>,
}

/// Reads the answer of `/block/latest`.
pub(crate) fn read_block(body: &[u8]) -> Result<Head, Unreadable> {
    let answer: BlockAnswer = from_json(body)?;
    let block = match (answer.block, answer.number, answer.hash) {
        (Some(block), ..) => block,
        (None, Some(number), Some(hash)) => RawBlock { number, hash },
        _ => return Err(Unreadable::Json("it names no block".to_owned())),
    };
    block.read_newest()
}
