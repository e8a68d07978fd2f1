//! Texts from outside in logs, statuses and sentences.

/// Characters of a text that are shown.
const SHOWN_CHARS_MAX: usize = 300;

/// A text with control characters escaped, cut to a bound. Quotation marks stay as they are: they are harmless in a sentence, and the log
/// escapes them itself.
#[must_use]
pub fn shown(text: &str) -> String {
    let (head, dots) = match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => (text, ""),
        Some((end, _)) => (&text[..end], "..."),
    };
    let mut shown = String::with_capacity(head.len() + dots.len());
    for character in head.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_debug()),
            false => shown.push(character),
        }
    }
    shown + dots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_is_escaped_and_cut() {
        let text = shown("a\0\n\u{1b}[1m \"é\" \\");
        assert_eq!(text, "a\\0\\n\\u{1b}[1m \"é\" \\");
        let longest = "é".repeat(SHOWN_CHARS_MAX);
        assert_eq!(shown(&longest), longest);
        assert_eq!(shown(&format!("{longest}é")), format!("{longest}..."));
    }
}
