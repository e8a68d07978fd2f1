//! The bearer token that a master asks for (the host's `access.token_file`).

use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;
use tig_process::secret_file::{self, SecretError};

/// A token as the value of the header `Authorization`. Never shown, not even by `Debug`.
#[derive(Debug, Clone)]
pub struct Token(HeaderValue);

/// A file does not hold a token. The text contains nothing of the file.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the token file {}", path.display())]
pub struct TokenError {
    path: PathBuf,
    source: SecretError,
}

impl Token {
    /// Reads a file with one line.
    ///
    /// # Errors
    /// The file cannot be read, or what is in it is not a token.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let failed = |source| TokenError {
            path: path.to_owned(),
            source,
        };
        let token = secret_file::read(path).map_err(failed)?;
        // Visible ASCII makes a header.
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| failed(SecretError::Character { column: 1 }))?;
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
        let token = token("\u{feff}s3cret\r\n").expect("a token");
        assert_eq!(token.header().as_bytes(), b"Bearer s3cret");
        assert!(!format!("{token:?}").contains("s3cret"));
    }

    #[test]
    fn other_contents_are_refused_without_being_shown() {
        for text in ["", "two words", "two\nlines", "gr\u{fc}n"] {
            let error = token(text).expect_err(text);
            let error = tig_process::error_chain::error_chain(&error);
            assert!(error.contains("/token: "), "{error}");
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }
}
