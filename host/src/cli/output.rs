//! Prints the output of commands.

use std::fmt::Write as _;

use serde::Serialize;
pub(super) use tig_process::output::{
    announce, check, error_line, is_closed, line, note_line, table, writer,
};

pub(super) use super::shown_text::escaped;
use super::shown_text::is_hidden;

/// Prints JSON for programs, on one line. Characters that could steer a terminal are written by their numbers.
pub(super) fn json(value: &impl Serialize) {
    // The host's own replies have a JSON form.
    line(&plain_json(
        &serde_json::to_string(value).unwrap_or_default(),
    ));
}

/// JSON with the same meaning that a terminal shows as it is. Outside of texts JSON has no such characters.
pub(super) fn plain_json(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for char in json.chars() {
        if !char.is_control() && !is_hidden(char) {
            plain.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(plain, "\\u{unit:04x}");
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_has_no_characters_that_steer_a_terminal() {
        let value = json!({ "name": "a\u{9b}31m\u{202e}\u{e0001}ü\n" });
        let plain = plain_json(&value.to_string());
        assert_eq!(plain, r#"{"name":"a\u009b31m\u202e\udb40\udc01ü\n"}"#);
        assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), value);
    }
}
