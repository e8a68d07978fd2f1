//! Texts from outside, without anything that steers a terminal or forges a line.

/// `text` with escapes in place of control characters, line ends included, and of characters that cannot be seen or that change
/// the direction of their neighbours: a text from outside must neither forge a line nor steer the terminal.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            shown.extend(char.escape_default());
        } else if is_hidden(char) {
            shown.extend(char.escape_unicode());
        } else {
            shown.push(char);
        }
    }
    shown
}

/// Whether the character shows nothing, or turns the direction of text.
#[must_use]
pub fn is_hidden(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            escaped("ü \\ a\nb\u{1b}[31m\u{85}"),
            r"ü \ a\nb\u{1b}[31m\u{85}"
        );
    }

    #[test]
    fn hidden_and_turning_characters_are_escaped() {
        assert_eq!(
            escaped("a\u{202e}b\u{200b}c\u{2066}\u{feff}"),
            r"a\u{202e}b\u{200b}c\u{2066}\u{feff}"
        );
    }
}
