//! Outputs of jobs in comments, written as the reference writes them.

use std::fmt::Write as _;

use crate::limits::{COMMENT_OUTPUT_CHARS_MAX, REASON_CHARS_MAX};

/// A text as Python's `repr` shows it: quoted, control characters escaped. A long text is cut.
pub(crate) fn python_repr(text: &str) -> String {
    let cut = cut_chars(text, COMMENT_OUTPUT_CHARS_MAX);
    let quote = match cut.contains('\'') && !cut.contains('"') {
        true => '"',
        false => '\'',
    };
    let mut shown = String::with_capacity(cut.len() + 2);
    shown.push(quote);
    for character in cut.chars() {
        push_escaped(&mut shown, character, quote);
    }
    shown.push(quote);
    if cut.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

fn push_escaped(shown: &mut String, character: char, quote: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        '\\' => shown.push_str("\\\\"),
        other if other == quote => shown.extend(['\\', other]),
        other if other.is_control() => {
            // Control characters end at U+009F. Writing to a text cannot fail.
            let _ = write!(shown, "\\x{:02x}", u32::from(other));
        }
        other => shown.push(other),
    }
}

/// A reason, cut to what is kept of it.
pub(crate) fn cut_reason(reason: &str) -> String {
    let cut = cut_chars(reason, REASON_CHARS_MAX);
    match cut.len() < reason.len() {
        true => format!("{cut}..."),
        false => cut.to_owned(),
    }
}

fn cut_chars(text: &str, chars_max: usize) -> &str {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_look_as_in_python() {
        for (text, expected) in [
            ("organic!", "'organic!'"),
            ("raw hi\n", r"'raw hi\n'"),
            ("it's", r#""it's""#),
            ("'\"", r#"'\'"'"#),
            ("a\\b\t\r\0\u{1b}\u{9f}", r"'a\\b\t\r\x00\x1b\x9f'"),
            ("\u{e9}\u{1f600}", "'\u{e9}\u{1f600}'"),
        ] {
            assert_eq!(python_repr(text), expected);
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = "\u{e9}".repeat(COMMENT_OUTPUT_CHARS_MAX + 1);
        let expected = format!("'{}'...", "\u{e9}".repeat(COMMENT_OUTPUT_CHARS_MAX));
        assert_eq!(python_repr(&long), expected);
        let longest = "x".repeat(REASON_CHARS_MAX);
        assert_eq!(cut_reason(&longest), longest);
        assert_eq!(cut_reason(&format!("{longest}y")), format!("{longest}..."));
    }
}
