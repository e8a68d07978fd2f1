//! Foreign texts for the log and for reasons: escaped and cut.

/// Characters of a foreign text that are shown.
const SHOWN_CHARS_MAX: usize = 200;

/// A foreign text with control characters escaped, cut to a bound.
pub(crate) fn shown(text: &str) -> String {
    let (head, dots) = match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => (text, ""),
        Some((end, _)) => (&text[..end], "..."),
    };
    let mut shown = String::with_capacity(head.len() + dots.len());
    for character in head.chars() {
        match character {
            // Harmless in a sentence; the log escapes them itself.
            '"' | '\'' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown + dots
}

/// The beginning of a text, of at most so many bytes.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_is_escaped_and_cut() {
        assert_eq!(shown("a\0\n\u{1b}[1m \"b\""), "a\\0\\n\\u{1b}[1m \"b\"");
        assert_eq!(shown(&"é".repeat(201)), format!("{}...", "é".repeat(200)));
    }

    #[test]
    fn cut_text_ends_between_characters() {
        let mut text = "aéé".to_owned();
        cut(&mut text, 4);
        assert_eq!(text, "aé");
        cut(&mut text, 9);
        assert_eq!(text, "aé");
    }
}
