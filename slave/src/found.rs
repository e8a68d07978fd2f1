//! What bytes are that should have been something else, in words that help whoever runs the server.

/// Bytes looked at for the beginning of an HTML page.
const BEGIN_BYTES_MAX: usize = 64;

/// Beginnings of files that are served in place of modules.
const FILES: [(&[u8], &str); 5] = [
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
    (b"\0asm", "a WASM file of another version than 1"),
];

/// Names what a server has sent.
pub(crate) fn describe(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "an empty body".to_owned();
    }
    if let Some((_, text)) = FILES.iter().find(|(begin, _)| bytes.starts_with(begin)) {
        return (*text).to_owned();
    }
    let begin = &bytes[..bytes.len().min(BEGIN_BYTES_MAX)];
    let begin = String::from_utf8_lossy(begin).to_ascii_lowercase();
    let begin = begin.trim_start_matches(|char: char| char == '\u{feff}' || char.is_whitespace());
    if begin.starts_with("<!doctype html") || begin.starts_with("<html") {
        "an HTML page".to_owned()
    } else if begin.starts_with('<') {
        "an XML or HTML text".to_owned()
    } else if begin.starts_with(['{', '[']) {
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
            (&b""[..], "an empty body"),
            (b"\x1f\x8b\x08", "a gzip file"),
            (b"\xef\xbb\xbf\r\n<!DOCTYPE HTML>", "an HTML page"),
            (b"<HTML lang=en>", "an HTML page"),
            (b"<?xml", "an XML or HTML text"),
            (b"{\"message\"", "a JSON text"),
            (
                b"version https://git-lfs.github.com/spec/v1",
                "a Git LFS pointer",
            ),
            (b"\0asm\x02\0\0\0", "another version"),
            (b"\x7fELF", "4 bytes of something else"),
        ] {
            let text = describe(bytes);
            assert!(text.contains(part), "{text}");
        }
    }
}
