//! Whose signature it is.

use std::fmt;

use horde_proto::Secret;

/// An access key. `Debug` shows its id only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Names the key, in each signature.
    pub access_key_id: String,
    /// Signs; it is in no request.
    pub secret_access_key: Secret,
    /// Goes with keys that expire.
    pub session_token: Option<Secret>,
}

impl Credentials {
    /// A key that does not expire.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}
