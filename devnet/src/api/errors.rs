//! The error answers of the API.

use super::{BODY_BYTES_MAX, Response, SharedKey};
use crate::network::{ApiKeyError, ProtocolError, QueryError};

/// Characters of an error that are shown.
const ERROR_CHARS_MAX: usize = 1_000;

/// Why a request was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// A body or query string that cannot be read.
    #[error("malformed request: {0}")]
    Malformed(String),
    /// The protocol says no.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error("missing or invalid API key: send it in the header X-Api-Key")]
    Unauthorized,
    #[error(transparent)]
    ApiKey(#[from] ApiKeyError),
    #[error(transparent)]
    SharedKey(#[from] SharedKey),
    #[error("{0}")]
    NotFound(String),
    /// With the methods that are.
    #[error("this endpoint does not allow the method, but {0}")]
    MethodNotAllowed(&'static str),
    #[error("the request body is too large: at most {BODY_BYTES_MAX} bytes are allowed")]
    TooLarge,
    #[error("too many proofs wait for their verification, submit again later")]
    Busy,
    #[error("the answer cannot be written: {0}")]
    Internal(#[from] serde_json::Error),
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self::NotFound(error.to_string())
    }
}

impl ApiError {
    pub(crate) fn response(&self) -> Response {
        let status = match self {
            Self::Malformed(_) | Self::Protocol(_) | Self::ApiKey(_) | Self::SharedKey(_) => 400,
            Self::Unauthorized => 401,
            Self::NotFound(_) => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::TooLarge => 413,
            Self::Internal(_) => 500,
            Self::Busy => 503,
        };
        let mut response = Response::text(status, printable(self));
        if let Self::MethodNotAllowed(allowed) = self {
            response.headers.push(("allow", (*allowed).to_owned()));
        }
        response
    }
}

/// The text of an error, which may quote what a client sent: on one line, and no longer than anybody reads.
pub(crate) fn printable(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut shown = String::new();
    for (index, char) in text.chars().enumerate() {
        if index == ERROR_CHARS_MAX {
            shown.push_str("...");
            break;
        }
        if char.is_control() {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown
}
