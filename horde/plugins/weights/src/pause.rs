//! Pauses after what was not answered, and the words of what was.

use crate::decide::PAUSE_MS_MAX;

/// Pause after the first attempt or reading of which nothing was heard, in milliseconds; doubled for each further one in a row.
const PAUSE_MS_MIN: u64 = 1_000;
/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 300;

/// The pause after an attempt or a reading that follows so many unheard ones.
pub(crate) fn pause_ms(unheard: u32) -> u64 {
    let factor = 2_u64.saturating_pow(unheard);
    PAUSE_MS_MIN.saturating_mul(factor).min(PAUSE_MS_MAX)
}

/// A reason that came over the network, fit for logs and sentences.
pub(crate) fn shown(reason: &str) -> String {
    let escaped = reason.chars().take(REASON_CHARS_MAX);
    escaped.flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let pauses: Vec<_> = [0, 1, 2, 4, 5, 64].map(pause_ms).into();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 16_000, 30_000, 30_000]);
    }

    #[test]
    fn reason_is_cut_and_escaped() {
        assert_eq!(shown("a\u{1b}\n"), "a\\u{1b}\\n");
        assert_eq!(shown(&"x".repeat(1_000)).len(), REASON_CHARS_MAX);
    }
}
