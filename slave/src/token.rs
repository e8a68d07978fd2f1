//! What a slave shows a master that asks for a bearer token (the host's `access.token_file`).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;

/// Bytes of a token file; a token has a few dozen.
const TOKEN_FILE_BYTES_MAX: u64 = 4 << 10;

/// A token as the value of the header `Authorization`. Never shown, not even by `Debug`.
#[derive(Debug, Clone)]
pub struct Token(HeaderValue);

/// A file holds no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It cannot be read.
    #[error("cannot read the token file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// What is in it cannot be sent.
    #[error("the token file {} must hold one line of visible ASCII", path.display())]
    Content {
        /// The file.
        path: PathBuf,
    },
}

impl Token {
    /// Reads a file with one line.
    ///
    /// # Errors
    /// The file cannot be read, or what is in it is no token.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(TOKEN_FILE_BYTES_MAX).read_to_string(&mut text))
            .map_err(|source| TokenError::Read {
                path: path.to_owned(),
                source,
            })?;
        let token = text.trim();
        let is_visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::try_from(format!("Bearer {token}"))
            .ok()
            .filter(|_| is_visible);
        let mut value = value.ok_or_else(|| TokenError::Content {
            path: path.to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Result<Token, TokenError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("token");
        std::fs::write(&path, text).expect("the folder is writable");
        Token::read(&path)
    }

    #[test]
    fn one_line_is_a_token_that_is_never_shown() {
        let token = token("s3cret\n").expect("a token");
        assert_eq!(token.header().as_bytes(), b"Bearer s3cret");
        assert!(!format!("{token:?}").contains("s3cret"));
    }

    #[test]
    fn other_contents_are_refused_without_being_shown() {
        for text in ["", "\n", "two words", "two\nlines", "gr\u{fc}n"] {
            let error = token(text).expect_err(text).to_string();
            assert!(error.contains("token"), "{error}");
            assert!(text.trim().is_empty() || !error.contains(text), "{error}");
        }
    }
}
