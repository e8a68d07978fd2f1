//! Top-ups of fee balances, and the transactions they name.

use serde::{Deserialize, Serialize};
use tig_protocol::PreciseNumber;

/// A payment on the chain below the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Address that paid.
    pub sender: String,
    /// Address that was paid.
    pub receiver: String,
    /// TIG.
    pub amount: PreciseNumber,
}

/// A top-up by the hash of its transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredTopup {
    pub(crate) player_id: String,
    pub(crate) amount: PreciseNumber,
    /// Height of the confirming block.
    pub(crate) confirmed: Option<u32>,
}
