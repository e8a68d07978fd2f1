//! Whose signature it is.

use std::fmt;

use horde_proto::Secret;

use crate::time::AmzTime;

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

/// A key that signs on one day only (UTC), made where the secret is kept: the first of the chain of codes that is a signature.
/// `Debug` shows its id only.
#[derive(Clone, PartialEq, Eq)]
pub struct DayKey {
    pub(crate) access_key_id: String,
    pub(crate) code: [u8; 32],
}

impl DayKey {
    /// The text of the day of `unix_seconds`.
    pub fn text(unix_seconds: i64) -> String {
        AmzTime::from_unix(unix_seconds).date().to_owned()
    }

    /// The key, by the HMAC-SHA256 of the day's text under `AWS4` and the secret access key.
    pub fn new(access_key_id: impl Into<String>, code: [u8; 32]) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            code,
        }
    }
}

impl fmt::Debug for DayKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DayKey")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}
