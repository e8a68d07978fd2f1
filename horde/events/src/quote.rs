//! Texts of miners in sentences for operators.

use crate::STDOUT_BYTES_MAX;

/// Characters of a text that are shown.
const SHOWN_CHARS_MAX: usize = 80;

/// The beginning of a text in quotation marks, with control characters escaped; for verdicts and logs.
#[must_use]
pub fn quote(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => {
            // A longer text was cut between two characters before it came here.
            let more = match text.len() + char::MAX_LEN_UTF8 > STDOUT_BYTES_MAX {
                true => " or more",
                false => "",
            };
            format!("{:?}.. ({} bytes{more})", &text[..end], text.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_escaped() {
        assert_eq!(quote("a\0\u{1b}"), r#""a\0\u{1b}""#);
        let longest = "\u{e9}".repeat(SHOWN_CHARS_MAX);
        assert_eq!(quote(&longest), format!("{longest:?}"));
        let longer = longest.clone() + "x";
        assert_eq!(quote(&longer), format!("{longest:?}.. (161 bytes)"));
        let cut = quote(&"x".repeat(STDOUT_BYTES_MAX));
        assert!(cut.ends_with(".. (1048576 bytes or more)"), "{cut}");
    }
}
