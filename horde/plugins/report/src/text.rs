//! Texts from outside: escaped and cut.

/// Characters of a text that are shown.
const SHOWN_CHARS_MAX: usize = 300;

/// Longest name of a miner or a job that becomes part of a key of the storage, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A text with control characters escaped, cut to a bound; for the log, system events and the status.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == SHOWN_CHARS_MAX {
            shown.push_str("...");
            break;
        }
        match character.is_control() {
            true => shown.extend(character.escape_debug()),
            false => shown.push(character),
        }
    }
    shown
}

/// Whether a hotkey or a uuid can be part of a key of the storage.
pub(crate) fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_is_escaped_and_cut() {
        assert_eq!(shown("a\0\u{1b}[1m \"é\""), "a\\0\\u{1b}[1m \"é\"");
        let long = shown(&"é".repeat(301));
        assert_eq!(long, format!("{}...", "é".repeat(300)));
    }

    #[test]
    fn name_has_letters_digits_and_dashes() {
        assert!(is_name("5F6ee") && is_name("00000000-0000-4000-8000-000000000001"));
        for not in ["", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(!is_name(not), "{not}");
        }
    }
}
