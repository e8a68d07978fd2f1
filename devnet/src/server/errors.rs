//! The error answers of the API.

use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use super::BODY_BYTES_MAX;
use crate::network::{ProtocolError, QueryError};

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
    #[error("{0}")]
    NotFound(String),
    #[error("this endpoint does not allow the method")]
    MethodNotAllowed,
    #[error("the request body is too large: at most {BODY_BYTES_MAX} bytes are allowed")]
    TooLarge,
    #[error("too many proofs wait for their verification, submit again later")]
    Busy,
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self::NotFound(error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Malformed(_) | Self::Protocol(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, [(CONTENT_TYPE, "text/plain")], self.to_string()).into_response()
    }
}
