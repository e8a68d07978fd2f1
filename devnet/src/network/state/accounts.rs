//! Fee balances (tig-protocol.md section 9).

use serde::{Deserialize, Serialize};
use tig_protocol::PreciseNumber;

/// Balance that a player of the devnet starts with unless configured otherwise, in TIG.
const INITIAL_BALANCE_TIG: u64 = 1_000_000;

/// The same as a number of the API.
pub fn initial_balance() -> PreciseNumber {
    PreciseNumber::from_u64(INITIAL_BALANCE_TIG)
}

/// Fees that a player has paid and can still pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) total_fees_paid: PreciseNumber,
    pub(crate) available_fee_balance: PreciseNumber,
}

impl Account {
    pub(crate) fn new(balance: PreciseNumber) -> Self {
        Self {
            total_fees_paid: PreciseNumber::ZERO,
            available_fee_balance: balance,
        }
    }

    /// The account after a top-up, or `None` when the balance would not fit.
    pub(crate) fn credited(self, amount: PreciseNumber) -> Option<Self> {
        Some(Self {
            available_fee_balance: self.available_fee_balance.checked_add(amount)?,
            ..self
        })
    }

    /// The account after paying `fee`, or `None` when the balance does not cover it.
    pub(crate) fn charged(self, fee: PreciseNumber) -> Option<Self> {
        Some(Self {
            total_fees_paid: self.total_fees_paid.checked_add(fee)?,
            available_fee_balance: self.available_fee_balance.checked_sub(fee)?,
        })
    }
}
