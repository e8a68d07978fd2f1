//! Why an answer of the service cannot be used, in bounded texts without secrets.

use horde_events::quote;
use serde::Deserialize;
use tig_plugin_api::{HttpFailure, HttpFailureKind, HttpResponse, Secret};

use crate::read::Unreadable;

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// None came.
    #[error("no answer: {text}")]
    NoAnswer {
        kind: HttpFailureKind,
        /// Until there is a turn for a request.
        wait_ms: u64,
        text: String,
    },
    /// The service refuses, or has failed.
    #[error("status {status}: {detail}{}", advice(*status))]
    Status { status: u16, detail: String },
    /// It does not say what it should.
    #[error("the answer cannot be used: {0}")]
    Unreadable(#[from] Unreadable),
}

/// What kind of fault it is: the same for each answer that fails alike.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cause {
    /// There was no connection.
    Connect,
    /// The time of the request was over.
    Timeout,
    /// The host has not sent the request.
    RateLimited,
    /// The answer was longer than it may be.
    TooLarge,
    /// The connection or the response was broken.
    Broken,
    /// The service refuses, or has failed, with this status.
    Status(u16),
    /// It does not say what it should.
    Unreadable,
}

impl Fault {
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::NoAnswer { kind, .. } => match kind {
                HttpFailureKind::Connect => Cause::Connect,
                HttpFailureKind::Timeout => Cause::Timeout,
                HttpFailureKind::RateLimited => Cause::RateLimited,
                HttpFailureKind::TooLarge => Cause::TooLarge,
                HttpFailureKind::Other => Cause::Broken,
            },
            Self::Status { status, .. } => Cause::Status(*status),
            Self::Unreadable(_) => Cause::Unreadable,
        }
    }

    /// A word for metrics.
    pub(crate) fn result(&self) -> &'static str {
        match self {
            Self::NoAnswer { .. } => "no_answer",
            Self::Status { .. } => "refused",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Milliseconds until there is a turn for a request.
    pub(crate) fn wait_ms(&self) -> u64 {
        match self {
            Self::NoAnswer { wait_ms, .. } => *wait_ms,
            _ => 0,
        }
    }

    /// Whether the service does not know the path.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }
}

/// What an operator can do about a status.
fn advice(status: u16) -> &'static str {
    match status {
        401 | 403 => "; check that `api_key_file` has the token of `identity`",
        404 => "; check `url`, `identity` and `netuid`",
        429 => "; the service limits requests: raise `poll_ms`",
        _ => "",
    }
}

/// The body of an answer with a status from 200 to 299.
pub(crate) fn body(response: HttpResponse, token: &Secret) -> Result<Vec<u8>, Fault> {
    match response.result {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(answer.body),
        Ok(answer) => Err(Fault::Status {
            status: answer.status,
            detail: detail(&answer.body, token),
        }),
        Err(failure) => Err(no_answer(&failure, token)),
    }
}

fn no_answer(failure: &HttpFailure, token: &Secret) -> Fault {
    Fault::NoAnswer {
        kind: failure.kind,
        wait_ms: failure.rate_limit.map_or(0, |limit| limit.wait_ms),
        text: shown(&failure.text, token),
    }
}

/// The body of an error (section 5.2).
#[derive(Deserialize)]
struct ErrorBody {
    detail: String,
    #[serde(default)]
    extra: Option<Vec<ErrorExtra>>,
}

#[derive(Deserialize)]
struct ErrorExtra {
    message: String,
    #[serde(default)]
    key: String,
}

fn detail(body: &[u8], token: &Secret) -> String {
    let Ok(ErrorBody { detail, extra }) = serde_json::from_slice(body) else {
        return shown(&String::from_utf8_lossy(body), token);
    };
    let detail = shown(&detail, token);
    match extra.and_then(|extra| extra.into_iter().next()) {
        None => detail,
        Some(ErrorExtra { message, key }) => {
            let text = format!("{key}: {message}");
            format!("{detail} ({})", shown(&text, token))
        }
    }
}

/// The beginning of a text of the service. A service that repeats the token must not bring it into logs.
fn shown(text: &str, token: &Secret) -> String {
    let token = token.reveal();
    if !token.is_empty() && text.contains(token) {
        return quote(&text.replace(token, "***"));
    }
    quote(text)
}
