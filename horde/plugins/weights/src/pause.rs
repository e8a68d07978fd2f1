//! Pauses after what was not answered.

use crate::rules::Rules;

/// How many times as long as the first pause one may be.
const PAUSE_FACTOR_MAX: u64 = 30;

impl Rules {
    /// Milliseconds of pause after an attempt or a reading that has failed and follows so many that have.
    pub(crate) fn pause_ms(&self, unheard: u32) -> u64 {
        let factor = 2_u64.saturating_pow(unheard).min(PAUSE_FACTOR_MAX);
        self.failed_ms.saturating_mul(factor)
    }

    /// The longest pause of all.
    pub(crate) fn pause_ms_max(&self) -> u64 {
        self.pause_ms(u32::MAX).max(self.refused_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let rules = Rules::new(&Config::default(), None);
        let pauses = [0, 1, 2, 4, 5, 64].map(|unheard| rules.pause_ms(unheard));
        assert_eq!(pauses, [1_000, 2_000, 4_000, 16_000, 30_000, 30_000]);
        assert_eq!(rules.pause_ms_max(), 30_000);
    }
}
