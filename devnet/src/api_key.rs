//! The secret that a benchmarker sends with its submissions.
//!
//! Invariant: only a hash is kept, so that the key can be neither logged nor shown.

/// A key, or another secret, of the form that TIG hands out.
#[derive(Clone)]
pub struct ApiKey(blake3::Hash);

impl ApiKey {
    /// Accepts any text that can be sent as a header: visible ASCII, at least one character.
    ///
    /// # Errors
    /// The text is empty or has other characters.
    pub fn new(key: &str) -> Result<Self, InvalidApiKey> {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidApiKey);
        }
        Ok(Self(blake3::hash(key.as_bytes())))
    }

    /// Whether the text is this key; how long it takes reveals nothing about it.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0 == blake3::hash(text.as_bytes())
    }

    /// A key that a network made, which is of the right form.
    pub(crate) fn of_network(key: &str) -> Self {
        Self(blake3::hash(key.as_bytes()))
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        *self.0.as_bytes()
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// The text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be one line of visible ASCII characters, an API key usually 32 hex digits")]
pub struct InvalidApiKey;
