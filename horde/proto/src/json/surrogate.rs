//! Escapes of surrogates that are not a pair.
//!
//! JSON can carry `"\ud800"`, but no Unicode text can hold it. Each such escape is read as U+FFFD, the replacement
//! character: the message counts, and all else in it is as it was sent. Every model of the reference refuses a text with a
//! lone surrogate, so passing one on as it is would lose the message at the next hop.

use std::borrow::Cow;

use memchr::memchr;

/// Bytes of an escape such as `\ud83d`.
const ESCAPE_BYTES: usize = 6;
/// U+FFFD as an escape.
const REPLACEMENT: &str = "\\ufffd";

enum Surrogate {
    High,
    Low,
}

/// A JSON text without lone surrogates. A text that is not JSON stays one that is not.
pub(crate) fn replace_lone_surrogates(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut replaced = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(begin) = next_escape(bytes, at) {
        let behind = begin + ESCAPE_BYTES;
        at = match (surrogate(bytes, begin), surrogate(bytes, behind)) {
            (Some(Surrogate::High), Some(Surrogate::Low)) => behind + ESCAPE_BYTES,
            (Some(_), _) => {
                replaced.push_str(&text[copied..begin]);
                replaced.push_str(REPLACEMENT);
                copied = behind;
                behind
            }
            // The character behind a backslash may be one itself.
            (None, _) => begin + 2,
        };
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    replaced.push_str(&text[copied..]);
    Cow::Owned(replaced)
}

fn next_escape(bytes: &[u8], from: usize) -> Option<usize> {
    let found = memchr(b'\\', bytes.get(from..)?)?;
    Some(from + found)
}

/// The surrogate that is escaped at `at`.
fn surrogate(bytes: &[u8], at: usize) -> Option<Surrogate> {
    let [b'\\', b'u', b'd' | b'D', kind, digits @ ..] = bytes.get(at..at + ESCAPE_BYTES)? else {
        return None;
    };
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    match kind {
        b'8' | b'9' | b'a' | b'b' | b'A' | b'B' => Some(Surrogate::High),
        b'c'..=b'f' | b'C'..=b'F' => Some(Surrogate::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        serde_json::from_str(&replace_lone_surrogates(text)).unwrap()
    }

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        for (text, expected) in [
            (r#""a\ud800b""#, "a\u{fffd}b"),
            (r#""\uDFFF""#, "\u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\n\ude00""#, "\u{fffd}\n\u{fffd}"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            r#""\ud83d\ude00 \u0000 \ud7ff \ue000""#,
            r#""\\ud800""#,
            r#""\\\\ud800""#,
            "\"\\é\"",
            "\"\\",
            "\"\\ud8",
            "\\udxyz\\ud8é",
            "",
        ] {
            assert!(matches!(replace_lone_surrogates(text), Cow::Borrowed(same) if same == text));
        }
    }
}
