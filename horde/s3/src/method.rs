//! Methods of requests.

use std::fmt;

/// The method of a request that is to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads an object or a setting.
    Get,
    /// Writes an object or a setting.
    Put,
    /// Asks whether there is an object or a bucket.
    Head,
    /// Deletes an object or a setting.
    Delete,
    /// Calls IAM.
    Post,
}

impl Method {
    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Head => "HEAD",
            Self::Delete => "DELETE",
            Self::Post => "POST",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
