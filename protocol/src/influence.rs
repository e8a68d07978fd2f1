//! What a player's share in the work is worth (tig-protocol.md section 14).

use crate::PreciseNumber;

/// How even a player's shares are, and what they weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Squared coefficient of variation of the shares, per challenge beyond the first.
    pub imbalance: PreciseNumber,
    /// What the imbalance costs, as a fraction.
    pub penalty: PreciseNumber,
    /// Mean share after the penalty; a player's influence is its part of the sum over all players.
    pub weight: PreciseNumber,
}

impl Weight {
    /// The weight of a player with these shares: of the qualifiers of each of `num_challenges` challenges and, where
    /// deposits count, of the deposits.
    ///
    /// `None` if the numbers do not fit, which takes an extreme `imbalance_multiplier`.
    pub fn of(
        shares: &[PreciseNumber],
        num_challenges: usize,
        imbalance_multiplier: f64,
    ) -> Option<Self> {
        let mean = PreciseNumber::mean(shares)?;
        let squared_mean = mean.checked_mul(mean)?;
        let variation = PreciseNumber::variance(shares)?
            .checked_div(squared_mean)
            .unwrap_or(PreciseNumber::ZERO);
        // The original divides by zero where there is one challenge.
        let imbalance = PreciseNumber::from_u64(num_challenges.saturating_sub(1) as u64);
        let imbalance = variation
            .checked_div(imbalance)
            .unwrap_or(PreciseNumber::ZERO);
        let exponent = PreciseNumber::from_f64(imbalance_multiplier)?.checked_mul(imbalance)?;
        let penalty = PreciseNumber::ONE.checked_sub(exponent.inverse_exp()?)?;
        Some(Self {
            imbalance,
            penalty,
            weight: mean.checked_mul(PreciseNumber::ONE.checked_sub(penalty)?)?,
        })
    }
}
