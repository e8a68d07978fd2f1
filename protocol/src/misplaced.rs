//! What proxies, login pages and file servers send in place of the JSON or the module that was asked for.

/// Bytes looked at for the beginning of a page.
const BEGIN_BYTES_MAX: usize = 64;

/// Beginnings of files that are neither JSON nor modules.
const FILES: [(&[u8], &str); 4] = [
    (
        b"\x1f\x8b",
        "a gzip file; unpack it on the server, or serve it with `Content-Encoding: gzip`",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "a zstd file; unpack it on the server, or serve it with `Content-Encoding: zstd`",
    ),
    (b"PK\x03\x04", "a zip file; unpack it on the server"),
    (
        b"version https://git-lfs",
        "a Git LFS pointer; serve the file itself",
    ),
];

/// Names a body that is neither JSON nor a module, in words that help whoever runs the server; `None` for any other.
pub fn misplaced_body(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return Some("an empty body");
    }
    if let Some((_, text)) = FILES.iter().find(|(begin, _)| bytes.starts_with(begin)) {
        return Some(text);
    }
    let begin = &bytes[..bytes.len().min(BEGIN_BYTES_MAX)];
    let begin = String::from_utf8_lossy(begin).to_ascii_lowercase();
    let begin = begin.trim_start_matches(|char: char| char == '\u{feff}' || char.is_whitespace());
    if begin.starts_with("<!doctype html") || begin.starts_with("<html") {
        Some("an HTML page")
    } else if begin.starts_with('<') {
        Some("an XML or HTML text")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_named() {
        for (bytes, part) in [
            (&b""[..], "an empty body"),
            (b"\x1f\x8b\x08", "a gzip file"),
            (b"\xef\xbb\xbf\r\n<!DOCTYPE HTML>", "an HTML page"),
            (b"<HTML lang=en>", "an HTML page"),
            (b"<?xml", "an XML or HTML text"),
            (
                b"version https://git-lfs.github.com/spec/v1",
                "a Git LFS pointer",
            ),
        ] {
            let found = misplaced_body(bytes);
            assert!(found.is_some_and(|text| text.contains(part)), "{found:?}");
        }
    }

    #[test]
    fn json_and_modules_are_not_named() {
        for bytes in [&b" {\"a\": \"<html>\"}"[..], b"\0asm\x01\0\0\0", b"?"] {
            assert_eq!(misplaced_body(bytes), None);
        }
    }
}
