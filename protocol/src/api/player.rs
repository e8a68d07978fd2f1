//! Players and their fee balances (tig-api.md section 5.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Confirmation;
use crate::PreciseNumber;

/// A player and its data at a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Player {
    /// Lower-case address.
    pub id: String,
    /// Name and kind of account.
    pub details: PlayerDetails,
    /// Fees paid and available.
    pub state: Option<PlayerState>,
    /// Qualifiers, influence and rewards.
    pub block_data: Option<PlayerBlockData>,
}

/// Name and kind of account of a player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerDetails {
    /// The address unless set otherwise.
    pub name: String,
    /// Whether the account has several owners.
    pub is_multisig: bool,
}

/// Fees of a player.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerState {
    /// Paid so far, TIG.
    pub total_fees_paid: Option<PreciseNumber>,
    /// Left to pay with, TIG.
    pub available_fee_balance: Option<PreciseNumber>,
}

/// Qualifiers, influence and rewards of a player at a block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerBlockData {
    /// Qualifiers by challenge id.
    pub num_qualifiers_by_challenge: Option<BTreeMap<String, u32>>,
    /// Most solutions per challenge that can qualify.
    pub cutoff: Option<u32>,
    /// Tokens deposited, TIG.
    pub deposit: Option<PreciseNumber>,
    /// Deposit smoothed over blocks, TIG.
    pub rolling_deposit: Option<PreciseNumber>,
    /// Share of all deposits, as a fraction.
    pub qualifying_percent_rolling_deposit: Option<PreciseNumber>,
    /// How unevenly the player's qualifiers are spread over the challenges.
    pub imbalance: Option<PreciseNumber>,
    /// What the imbalance costs, as a fraction.
    pub imbalance_penalty: Option<PreciseNumber>,
    /// Share of the benchmarkers' reward, as a fraction.
    pub influence: Option<PreciseNumber>,
    /// Reward of this block, TIG.
    pub reward: Option<PreciseNumber>,
    /// Rewards of this round, TIG.
    pub round_earnings: Option<PreciseNumber>,
}

/// A payment into a player's fee balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// Hash of the transaction.
    pub id: String,
    /// Who paid how much.
    pub details: TopUpDetails,
    /// When it was confirmed.
    pub state: Option<Confirmation>,
}

/// Who paid how much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUpDetails {
    /// The player credited.
    pub player_id: String,
    /// TIG.
    pub amount: PreciseNumber,
}
