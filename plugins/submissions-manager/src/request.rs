//! The requests to the API.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tig_plugin_api::prelude::*;

use crate::kind::Kind;

const POST_TIMEOUT_MS: u64 = 60_000;

/// After this time a request without a response is taken for lost.
const IN_FLIGHT_MS_MAX: u64 = 2 * POST_TIMEOUT_MS;

/// Answers are short texts.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

const USER_AGENT: &str = concat!("tig-host/", env!("CARGO_PKG_VERSION"));

/// A request whose response is awaited.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct InFlight {
    pub(crate) tag: String,
    pub(crate) id: String,
    sent_ms: u64,
}

impl InFlight {
    pub(crate) fn new(tag: String, id: String, sent_ms: u64) -> Self {
        Self { tag, id, sent_ms }
    }

    pub(crate) fn is_lost(&self, now_ms: u64) -> bool {
        self.sent_ms.saturating_add(IN_FLIGHT_MS_MAX) <= now_ms
    }
}

/// Names the `attempt`-th request of a submission.
pub(crate) fn tag(kind: Kind, id: &str, attempt: u32) -> String {
    format!("{kind}/{id}/{attempt}")
}

/// The request of a submission. The key goes into its header and nowhere else.
///
/// # Errors
///
/// The submission has no JSON form.
pub(crate) fn post(
    settings: &Settings,
    kind: Kind,
    tag: String,
    request: &Value,
) -> Result<HttpCall> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Ok(HttpCall {
        tag,
        method: Method::Post,
        url: format!("{}/submit-{kind}", settings.api_url),
        headers: vec![
            header("X-Api-Key", settings.api_key.reveal()),
            header("Content-Type", "application/json"),
            header("User-Agent", USER_AGENT),
        ],
        body: serde_json::to_vec(request)?,
        timeout_ms: POST_TIMEOUT_MS,
        max_body_bytes: ANSWER_BYTES_MAX,
    })
}

/// How a request waits for its turn in the host. A precommit does not wait there: by the time it went, a later block could
/// have come.
pub(crate) fn turn(kind: Kind) -> Turn {
    let (priority, wait_ms_max) = match kind {
        Kind::Proof => (Priority::High, None),
        Kind::Benchmark => (Priority::Normal, None),
        Kind::Precommit => (Priority::Low, Some(0)),
    };
    Turn {
        priority,
        wait_ms_max,
    }
}

/// The block that a precommit is for.
pub(crate) fn block_id(request: &Value) -> &str {
    request["settings"]["block_id"].as_str().unwrap_or_default()
}
