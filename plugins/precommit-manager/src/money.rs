//! What is spent, what is left, and for how long it lasts.

use tig_plugin_api::{Condition, Severity};
use tig_protocol::PreciseNumber;

use crate::config::Config;
use crate::ledger::Ledger;
use crate::market::Market;
use crate::spend::Spend;

/// A balance that lasts for fewer days is low.
const RUNWAY_LOW_DAYS: f64 = 2.0;

/// A balance that was low is not until it lasts for so many days.
const RUNWAY_ENOUGH_DAYS: f64 = 2.5;

/// Stated for a balance that nothing is taken from, or that is not known: a metric cannot be without a value again.
const RUNWAY_UNLIMITED_DAYS: f64 = 36_500.0;

/// Amounts in TIG.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Money {
    /// Fees of the last 24 hours.
    pub(crate) spent_today: f64,
    pub(crate) budget_per_day: Option<f64>,
    /// What is left of the balance, without what was promised at this block; `None` if the API does not list the player.
    pub(crate) balance: Option<f64>,
    /// How long the balance lasts at the present spend; `None` while nothing is spent.
    pub(crate) runway_days: Option<f64>,
    /// Fees of the precommits that the block lists.
    pub(crate) window_fees: f64,
    /// Those, for each proof that it lists; `None` before the first proof.
    pub(crate) fee_per_proof: Option<f64>,
}

impl Money {
    pub(crate) fn new(
        config: &Config,
        market: Option<&Market>,
        ledger: &Ledger,
        spend: &Spend,
        now_ms: u64,
    ) -> Self {
        let promised = ledger.spent().map_or(0.0, PreciseNumber::to_f64);
        let balance = market.and_then(|market| market.balance);
        let balance = balance.map(|balance| (balance.to_f64() - promised).max(0.0));
        let per_day = spend.per_day(now_ms).filter(|per_day| *per_day > 0.0);
        let funnels = || {
            market
                .into_iter()
                .flat_map(|market| market.funnels.values())
        };
        let window_fees: f64 = funnels().map(|funnel| funnel.fees.to_f64()).sum();
        let proofs: u64 = funnels().map(|funnel| funnel.proofs).sum();
        Self {
            spent_today: spend.of_day(now_ms).to_f64(),
            budget_per_day: config.budget_per_day,
            balance,
            runway_days: balance
                .zip(per_day)
                .map(|(balance, per_day)| balance / per_day),
            window_fees,
            fee_per_proof: (proofs > 0).then(|| window_fees / proofs as f64),
        }
    }

    /// Whether the balance ends soon, given whether it did so before.
    pub(crate) fn is_low(&self, was_low: bool) -> bool {
        let limit = if was_low {
            RUNWAY_ENOUGH_DAYS
        } else {
            RUNWAY_LOW_DAYS
        };
        self.runway_days.is_some_and(|days| days < limit)
    }

    /// [`Money::runway_days`] for a metric.
    pub(crate) fn runway_gauge(&self) -> f64 {
        let days = self.runway_days.unwrap_or(RUNWAY_UNLIMITED_DAYS);
        days.min(RUNWAY_UNLIMITED_DAYS)
    }

    /// Call if the balance is low.
    pub(crate) fn condition(&self) -> Condition {
        let (balance, days) = (self.balance.unwrap_or(0.0), self.runway_days.unwrap_or(0.0));
        let text = format!(
            "the fee balance of {balance:.3} TIG lasts for {days:.1} days at the present spend"
        );
        Condition::new("fee_balance_low", Severity::Warning, text)
            .with_remedy("top up the fee balance, or lower budget_per_day")
    }
}
