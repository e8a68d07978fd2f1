//! Prints the output of commands.

use serde::Serialize;
pub(super) use tig_process::output::{
    announce, check, error_line, is_closed, line, note_line, table, writer,
};

/// Prints JSON for programs, on one line.
pub(super) fn json(value: &impl Serialize) {
    // The host's own replies have a JSON form.
    line(&serde_json::to_string(value).unwrap_or_default());
}

/// `text` with escapes in place of control characters, line ends included: a text from outside must neither forge a line nor
/// steer the terminal.
pub(super) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            escaped("ü \\ a\nb\u{1b}[31m\u{85}"),
            r"ü \ a\nb\u{1b}[31m\u{85}"
        );
    }
}
