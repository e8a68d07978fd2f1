//! Blobs: the texts that are signed (section 2.0).
//!
//! The text is JSON with sorted names, `", "` and `": "` between them, and every character above U+007F escaped; its UTF-8
//! bytes are signed. A receiver makes the blob from what it has read, not from the text that came.

use serde_json::Value;

/// The blob of a payload.
pub(crate) fn blob(payload: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, payload);
    out
}

/// A text as a JSON string with quotes, in ASCII only.
pub(crate) fn ascii_string(text: &str) -> String {
    let mut out = String::new();
    write_string(&mut out, text);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => write_string(out, text),
        Value::Array(items) => write_list(out, ['[', ']'], items, write_value),
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_unstable_by_key(|(name, _)| *name);
            write_list(out, ['{', '}'], entries, |out, (name, value)| {
                write_string(out, name);
                out.push_str(": ");
                write_value(out, value);
            });
        }
        // Payloads have no fractions, whose texts could differ from the reference's.
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn write_list<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    mut write_item: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_item(out, item);
    }
    out.push(close);
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\u{7f}' => out.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blobs_are_what_the_reference_writes() {
        let payload = json!({
            "b": [1, true, null, {"y": "", "x": -5}],
            "a": {},
            "é": [],
            "Z": "é\u{7f}\u{0}\u{1}\u{8}\u{c}\n\r\t/\"\\\u{2028}😀",
        });
        let expected = concat!(
            r#"{"Z": "\u00e9"#,
            "\u{7f}",
            r#"\u0000\u0001\b\f\n\r\t/\"\\\u2028\ud83d\ude00", "a": {}, "#,
            r#""b": [1, true, null, {"x": -5, "y": ""}], "\u00e9": []}"#,
        );
        assert_eq!(blob(&payload), expected);
    }
}
