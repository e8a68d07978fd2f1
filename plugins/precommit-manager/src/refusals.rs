//! Precommits that the API has refused one after the other, also of several blocks.

use serde::{Deserialize, Serialize};
use tig_plugin_api::{Condition, Severity};
use tig_protocol::PreciseNumber;

/// So many in a row are no chance.
const REFUSALS_COUNT_MIN: u32 = 3;

/// Words by which the API says that the balance does not pay the fee (tig-protocol.md section 5.1), without spaces.
const BALANCE_WORDS: &str = "feebalance";

/// Since the last acceptance. A restart begins with none.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Refusals {
    in_row: u32,
    /// What the API said to the last one.
    text: String,
    /// Fee of the last one, as far as known.
    fee: PreciseNumber,
    /// Balance that was listed when it was refused.
    listed: Option<PreciseNumber>,
}

impl Refusals {
    pub(crate) fn add(&mut self, text: String, fee: PreciseNumber, listed: Option<PreciseNumber>) {
        self.in_row = self.in_row.saturating_add(1);
        self.text = text;
        self.fee = fee;
        self.listed = listed;
    }

    /// A new block lists `balance`: refusals for want of it are over if it pays the fee.
    pub(crate) fn see_balance(&mut self, balance: PreciseNumber) {
        if !self.is_for_balance() {
            return;
        }
        if balance < self.fee {
            self.listed = None;
        } else if self.listed.is_none_or(|listed| balance > listed) {
            // The balance that was listed at the refusal says nothing: the API knew better then.
            self.clear();
        }
    }

    /// The API has accepted one.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What a person must do something about.
    pub(crate) fn condition(&self) -> Option<Condition> {
        let text = &self.text;
        if self.is_for_balance() {
            let text = format!("the API refuses precommits: {text}");
            let condition = Condition::new("fee_balance_low", Severity::Critical, text);
            return Some(condition.with_remedy("top up the fee balance"));
        }
        let is_row = self.in_row >= REFUSALS_COUNT_MIN;
        is_row.then(|| {
            let text = format!(
                "the API refused the last {} precommits: {text}",
                self.in_row
            );
            Condition::new("precommits_refused", Severity::Warning, text)
                .with_remedy("see what the API says, and in the log since when")
        })
    }

    pub(crate) fn is_for_balance(&self) -> bool {
        let letters = self.text.chars().filter(|c| c.is_ascii_alphabetic());
        let letters: String = letters.collect();
        letters.to_ascii_lowercase().contains(BALANCE_WORDS)
    }
}
