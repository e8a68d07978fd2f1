//! Precommits that the API has refused one after the other, also of several blocks.

use tig_plugin_api::{Condition, Severity};

/// So many in a row are no chance.
const REFUSALS_COUNT_MIN: u32 = 3;

/// Words by which the API says that the balance does not pay the fee (tig-protocol.md section 5.1), without spaces.
const BALANCE_WORDS: &str = "feebalance";

/// Since the last acceptance. Kept in memory alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    in_row: u32,
    /// What the API said to the last one.
    text: String,
}

impl Refusals {
    pub(crate) fn add(&mut self, text: String) {
        self.in_row = self.in_row.saturating_add(1);
        self.text = text;
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
