//! Files that hold a secret and nothing else, such as an API key or a bearer token.
//!
//! Invariants: a secret is one line that can be sent in an HTTP header; an error holds nothing of it.

use std::path::Path;

use crate::text_file::{self, TextError};

/// A secret has a few dozen bytes.
pub const SECRET_BYTES_MAX: u64 = 4 << 10;

/// Why there is no secret. The name of its file or variable is for the caller to say.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Nothing but white space.
    #[error("it is empty; write the secret into it, on one line")]
    Empty,
    /// More than one line that is not empty.
    #[error("it has {count} lines and a secret is one; remove the others")]
    Lines {
        /// Number of lines that are not empty.
        count: usize,
    },
    /// A character that a secret cannot have.
    #[error(
        "column {column} is not a visible ASCII character, perhaps a space or a typographic quote; \
         write nothing but the secret"
    )]
    Character {
        /// Column in the line, from 1.
        column: usize,
    },
}

/// The secret in the file at `path`.
///
/// # Errors
///
/// See [`SecretError`].
pub fn read(path: &Path) -> Result<String, SecretError> {
    let text = text_file::read(path, SECRET_BYTES_MAX)?;
    parse(&text).map(str::to_owned)
}

/// The secret in `text`, without white space around it and empty lines.
///
/// # Errors
///
/// See [`SecretError`].
pub fn parse(text: &str) -> Result<&str, SecretError> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let Some(line) = lines.next() else {
        return Err(SecretError::Empty);
    };
    match lines.count() {
        0 => {}
        others => return Err(SecretError::Lines { count: others + 1 }),
    }
    let secret = line.trim();
    let indent = line.chars().take_while(|c| c.is_whitespace()).count();
    match secret.chars().position(|c| !c.is_ascii_graphic()) {
        None => Ok(secret),
        Some(index) => Err(SecretError::Character {
            column: indent + index + 1,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn white_space_around_a_secret_is_skipped() {
        for text in ["s3cret", "s3cret\n", " s3cret\r\n\r\n", "\n\ts3cret"] {
            assert_eq!(parse(text).unwrap(), "s3cret", "{text:?}");
        }
    }

    #[test]
    fn each_fault_of_a_secret_has_its_kind() {
        assert!(matches!(parse("\n\n"), Err(SecretError::Empty)));
        let lines = parse("a\n\nb\nc");
        assert!(matches!(lines, Err(SecretError::Lines { count: 3 })));
        let space = parse("\ta b");
        assert!(matches!(space, Err(SecretError::Character { column: 3 })));
    }

    #[test]
    fn secret_file_is_read_without_its_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "s3cret\r\n").unwrap();
        assert_eq!(read(&path).unwrap(), "s3cret");
        fs::write(&path, "x".repeat(SECRET_BYTES_MAX as usize + 1)).unwrap();
        for path in [&path, folder.path()] {
            let error = read(path).unwrap_err();
            assert!(matches!(error, SecretError::Text(_)), "{error:?}");
            assert!(error.to_string().contains("give the path of"), "{error}");
        }
    }

    #[test]
    fn other_texts_are_refused_and_not_shown() {
        for (text, reason) in [
            ("", "empty"),
            (" \r\n", "empty"),
            ("s3cret\nother\r\n", "2 lines"),
            (" s3cret other", "column 8"),
            ("s3cret\u{a0}other", "column 7"),
            ("\u{201c}s3cret\u{201d}", "column 1"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
            assert!(!error.contains("s3cret") && !error.contains("other\n"));
        }
    }
}
