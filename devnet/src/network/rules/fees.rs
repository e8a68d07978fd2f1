//! Fees of precommits and how they move (tig-protocol.md section 9).

use tig_protocol::PreciseNumber;
use tig_protocol::api::PrecommitSubmissionsConfig;

use crate::network::state::Fees;

impl Fees {
    /// The fees of a challenge at its first block; nothing without rules.
    pub(crate) fn initial(rules: Option<&PrecommitSubmissionsConfig>) -> Self {
        let free = Self {
            base_fee: PreciseNumber::ZERO,
            per_nonce_fee: PreciseNumber::ZERO,
        };
        rules.map_or(free, |rules| free.after(0, rules))
    }

    /// The fees after a block that confirmed `num_precommits` precommits of the challenge.
    pub(crate) fn after(self, num_precommits: u32, rules: &PrecommitSubmissionsConfig) -> Self {
        // An overflow would need a fee near 2^256: stay where we are rather than stop the chain.
        let base_fee = self.moved(num_precommits, rules).unwrap_or(self.base_fee);
        Self {
            base_fee: base_fee.max(rules.min_base_fee),
            per_nonce_fee: rules.min_per_nonce_fee,
        }
    }

    /// The fee of one precommit, `None` when it does not fit 256 bits.
    pub(crate) fn of(self, num_nonces: u32) -> Option<PreciseNumber> {
        let nonces = PreciseNumber::from_u64(u64::from(num_nonces));
        self.base_fee
            .checked_add(self.per_nonce_fee.checked_mul(nonces)?)
    }

    fn moved(
        self,
        num_precommits: u32,
        rules: &PrecommitSubmissionsConfig,
    ) -> Option<PreciseNumber> {
        let target = rules.target_num_precommits;
        if target == 0 || num_precommits == target {
            return Some(self.base_fee);
        }
        let one = PreciseNumber::ONE;
        let delta_max = PreciseNumber::from_f64(rules.max_fee_percentage_delta)?;
        let filled = PreciseNumber::from_u64(u64::from(num_precommits))
            .checked_div(PreciseNumber::from_u64(u64::from(target)))?;
        let factor = if num_precommits > target {
            one.checked_add(filled.checked_sub(one)?.min(delta_max))?
        } else {
            one.checked_sub(one.checked_sub(filled)?.min(delta_max))?
        };
        self.base_fee.checked_mul(factor)
    }
}
