//! The receipts of a miner, and the files in which it serves them.

mod book;
mod range;

pub(crate) use book::{Origin, ReceiptBook};
pub(crate) use range::{Range, Slice};
