//! The receipts of a miner, and the files in which it serves them.

mod range;
mod store;

pub(crate) use range::{Range, Slice};
pub(crate) use store::ReceiptStore;
