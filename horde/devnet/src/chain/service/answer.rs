//! Answers of the service.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const HTML: &str = "text/html";
/// The page of a proxy that has lost its service.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>\n";

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// The status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: ServiceBody,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceBody {
    /// A text.
    Text(String),
    /// A text that is announced whole, and of which only the first half comes before the connection ends.
    CutShort(String),
    /// So many bytes that begin like JSON.
    Huge(u64),
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceReply {
    /// It is answered.
    Answer {
        /// How much later.
        after: Duration,
        /// With what.
        answer: ServiceAnswer,
    },
    /// The connection ends without an answer.
    Drop {
        /// How much later.
        after: Duration,
    },
    /// The answer comes with a block: see [`ChainService::settle`](super::ChainService::settle).
    Wait(PendingReply),
}

/// An answer that waits for a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingReply {
    pub(super) number: u64,
    /// How long it waits at most.
    pub timeout: Duration,
    after: Duration,
    is_cut_short: bool,
}

impl PendingReply {
    /// Waits for what becomes of this entry of the journal.
    pub(super) fn new(number: u64, timeout: Duration) -> Self {
        Self {
            number,
            timeout,
            after: Duration::ZERO,
            is_cut_short: false,
        }
    }

    /// The answer, and how much later it comes.
    pub(super) fn finish(&self, answer: ServiceAnswer) -> (Duration, ServiceAnswer) {
        match self.is_cut_short {
            true => (self.after, answer.cut_short()),
            false => (self.after, answer),
        }
    }
}

impl ServiceReply {
    pub(super) fn later(self, delay: Duration) -> Self {
        match self {
            Self::Answer { after, answer } => Self::Answer {
                after: after + delay,
                answer,
            },
            Self::Drop { after } => Self::Drop {
                after: after + delay,
            },
            Self::Wait(pending) => Self::Wait(PendingReply {
                after: pending.after + delay,
                ..pending
            }),
        }
    }

    pub(super) fn cut_short(self) -> Self {
        match self {
            Self::Answer { after, answer } => Self::Answer {
                after,
                answer: answer.cut_short(),
            },
            Self::Wait(pending) => Self::Wait(PendingReply {
                is_cut_short: true,
                ..pending
            }),
            dropped @ Self::Drop { .. } => dropped,
        }
    }
}

impl ServiceAnswer {
    pub(super) fn at_once(self) -> ServiceReply {
        let after = Duration::ZERO;
        ServiceReply::Answer {
            after,
            answer: self,
        }
    }

    fn cut_short(self) -> Self {
        let body = match self.body {
            ServiceBody::Text(text) => ServiceBody::CutShort(text),
            other => other,
        };
        Self { body, ..self }
    }

    /// A text of JSON, with status 200.
    pub(super) fn text(text: String) -> Self {
        Self {
            status: 200,
            content_type: JSON,
            body: ServiceBody::Text(text),
        }
    }

    pub(super) fn json(value: &Value) -> Self {
        Self::text(value.to_string())
    }

    pub(super) fn html() -> Self {
        Self {
            content_type: HTML,
            ..Self::text(PAGE.to_owned())
        }
    }

    pub(super) fn huge(bytes: u64) -> Self {
        Self {
            status: 200,
            content_type: JSON,
            body: ServiceBody::Huge(bytes),
        }
    }
}

/// An error in Pylon's form.
pub(super) fn error(status: u16, detail: &str) -> ServiceAnswer {
    ServiceAnswer {
        status,
        ..ServiceAnswer::json(&json!({"status_code": status, "detail": detail}))
    }
}

/// The fault of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct BodyFault {
    pub(super) message: String,
    pub(super) key: &'static str,
}

/// The answer to a body that has a fault.
pub(super) fn invalid(method: &str, path: &str, fault: &BodyFault) -> ServiceAnswer {
    let detail = format!("Validation failed for {method} {path}");
    let value = json!({"status_code": 400, "detail": detail, "extra": [fault]});
    ServiceAnswer {
        status: 400,
        ..ServiceAnswer::json(&value)
    }
}
