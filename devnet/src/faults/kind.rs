//! The faults, and what each makes of a request.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::Api;
use crate::api::{Request, Response};

const PAGE: &str = "<!DOCTYPE html><html><head><title>One moment</title></head>\
    <body>Checking your browser before accessing the network.</body></html>";

/// One thing that goes wrong. In JSON `"html"`, or `{"slow": {"ms": 500}}` for those with a measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// 400 with this text, as for a submission that breaks a rule of the protocol; nothing is changed.
    Reject {
        /// The body.
        text: String,
    },
    /// 429 with the header `Retry-After`; nothing is changed.
    TooManyRequests {
        /// Value of the header, seconds.
        retry_after_s: u32,
    },
    /// 500; nothing is changed.
    ServerError,
    /// 500, although the request was carried out.
    AppliedServerError,
    /// No answer at all.
    Timeout {
        /// Whether the request is carried out nevertheless.
        applied: bool,
    },
    /// The right answer after a while.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
    /// The first half of the body of the right answer.
    Truncated,
    /// 200 with an HTML page, as a proxy sends it; nothing is changed.
    Html,
    /// The answer to a query as some blocks before.
    StaleBlock {
        /// How many.
        blocks: u32,
    },
    /// The answer to a query with every listing empty.
    EmptyListing,
    /// The network takes its latest block back, and answers then.
    Rollback,
    /// The right answer from a network whose clock is off.
    ClockSkew {
        /// How far it is ahead, milliseconds; negative if it is behind. A plan says ten years at most.
        ms: i64,
    },
}

impl Fault {
    /// Whether it makes a difference to such a request.
    pub(super) fn can_befall(&self, request: &Request<'_>) -> bool {
        match self {
            Self::StaleBlock { .. } | Self::EmptyListing => request.method == "GET",
            _ => true,
        }
    }

    /// Effect for the client, with the change of the network, if there is one.
    pub fn befall(self, api: &mut Api, request: &Request<'_>) -> Outcome {
        match self {
            Self::Reject { text } => Outcome::at_once(Response::text(400, text)),
            Self::TooManyRequests { retry_after_s } => {
                let mut response = Response::text(429, "too many requests");
                response
                    .headers
                    .push(("retry-after", retry_after_s.to_string()));
                Outcome::at_once(response)
            }
            Self::ServerError => Outcome::at_once(server_error()),
            Self::AppliedServerError => {
                api.answer(request);
                Outcome::at_once(server_error())
            }
            Self::Timeout { applied } => {
                if applied {
                    api.answer(request);
                }
                Outcome::never()
            }
            Self::Slow { ms } => Outcome {
                delay_ms: ms,
                ..Outcome::at_once(api.answer(request))
            },
            Self::Truncated => {
                let mut response = api.answer(request);
                response.body.truncate(response.body.len() / 2);
                Outcome::at_once(response)
            }
            Self::Html => Outcome::at_once(Response {
                content_type: "text/html",
                ..Response::text(200, PAGE)
            }),
            Self::StaleBlock { blocks } => Outcome::at_once(api.answer_as_of(request, blocks)),
            Self::EmptyListing => Outcome::at_once(emptied(api.answer(request))),
            Self::Rollback => {
                api.rollback();
                Outcome::at_once(api.answer(request))
            }
            Self::ClockSkew { ms } => Outcome {
                clock_skew_ms: ms,
                ..Outcome::at_once(api.answer(request))
            },
        }
    }
}

fn server_error() -> Response {
    Response::text(500, "internal server error")
}

/// The same answer without the items of its lists.
fn emptied(mut response: Response) -> Response {
    let answer = serde_json::from_slice::<serde_json::Map<_, _>>(&response.body);
    if let Ok(mut answer) = answer
        && response.status == 200
    {
        for list in answer
            .values_mut()
            .filter_map(serde_json::Value::as_array_mut)
        {
            list.clear();
        }
        response.body = serde_json::Value::Object(answer).to_string().into_bytes();
    }
    response
}
