//! What bytes are that should have been something else, in words that help whoever runs the server.

use tig_protocol::misplaced_body;

/// Names what a server has sent.
pub(crate) fn describe(bytes: &[u8]) -> String {
    if let Some(name) = misplaced_body(bytes) {
        name.to_owned()
    } else if bytes.starts_with(b"\0asm") {
        "a WASM file of another version than 1".to_owned()
    } else if matches!(bytes.trim_ascii_start(), [b'{' | b'[', ..]) {
        "a JSON text".to_owned()
    } else {
        format!("{} bytes of something else", bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_named() {
        for (bytes, part) in [
            (&b"<html>"[..], "an HTML page"),
            (b" {\"message\"", "a JSON text"),
            (b"\0asm\x02\0\0\0", "another version"),
            (b"\x7fELF", "4 bytes of something else"),
        ] {
            let text = describe(bytes);
            assert!(text.contains(part), "{text}");
        }
    }
}
