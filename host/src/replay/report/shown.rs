//! Texts and numbers of a recording as people see them: short, on one line, without anything that steers a terminal.

use tig_process::plain_text::escaped;
use time::OffsetDateTime;

/// Characters of a body or a text that are shown.
const BODY_SHOWN_CHARS_MAX: usize = 160;

/// Longest form of a character in UTF-8.
const CHAR_BYTES: usize = 4;

/// Stands for what was cut off.
const CUT_MARK: char = '…';

/// Numbers up to here are written in full.
const PLAIN_NUMBER: f64 = 1e15;

/// Digits behind the point, trailing zeros left out.
const DECIMALS: usize = 6;

/// `bytes` as text.
pub(super) fn body(bytes: &[u8]) -> String {
    // A cut within a character shows as a mark, which goes with what is cut off.
    let start = &bytes[..bytes.len().min((BODY_SHOWN_CHARS_MAX + 1) * CHAR_BYTES)];
    cut(&String::from_utf8_lossy(start), BODY_SHOWN_CHARS_MAX)
}

/// `text`, as far as it is shown.
pub(super) fn text(text: &str) -> String {
    cut(text, BODY_SHOWN_CHARS_MAX)
}

/// At most `chars` characters of `text`, escaped.
pub(super) fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => escaped(text),
        Some((end, _)) => escaped(&text[..end]) + CUT_MARK.encode_utf8(&mut [0; CHAR_BYTES]),
    }
}

/// A moment as the options of the command take it: in UTC, to the millisecond.
pub(super) fn time(at_ms: u64) -> String {
    let time = i64::try_from(at_ms / 1_000).ok();
    let time = time.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let Some(time) = time else {
        return at_ms.to_string();
    };
    let (hour, minute, second) = time.to_hms();
    format!(
        "{}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        time.date(),
        at_ms % 1_000
    )
}

/// A number without needless digits.
pub(super) fn number(number: f64) -> String {
    if !number.is_finite() {
        return "out of range".to_owned();
    }
    let least = 10f64.powi(-(DECIMALS as i32 - 2));
    if number != 0.0 && !(least..PLAIN_NUMBER).contains(&number.abs()) {
        return format!("{number:.3e}");
    }
    let text = format!("{number:.DECIMALS$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

/// A number with its sign.
pub(super) fn change(difference: f64) -> String {
    let text = number(difference);
    if difference > 0.0 && difference.is_finite() {
        format!("+{text}")
    } else {
        text
    }
}

/// `1 call`, `2 calls`.
pub(super) fn count(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_needless_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1_234_567.0, "1234567"),
            (0.1, "0.1"),
            (-2.500_000_04, "-2.5"),
            (0.000_01, "1.000e-5"),
            (1e20, "1.000e20"),
            (f64::INFINITY, "out of range"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!((change(1.0), change(-1.0)), ("+1".into(), "-1".into()));
    }

    #[test]
    fn texts_are_cut_between_characters_and_escaped() {
        assert_eq!(cut("ü\nb", 2), "ü\\n…");
        assert_eq!(cut("ü\n", 2), "ü\\n");
        let long = "ü".repeat(BODY_SHOWN_CHARS_MAX * 2);
        let shown = body(long.as_bytes());
        assert_eq!(shown.chars().count(), BODY_SHOWN_CHARS_MAX + 1);
        assert!(!shown.contains('\u{fffd}'), "{shown}");
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(time(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
        assert_eq!(time(u64::MAX), "18446744073709551615");
    }
}
