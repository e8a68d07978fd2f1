//! A request to a webhook, and what its answer means.
//!
//! Invariant: no text quotes an address or an answer: an address may be a secret, and the host's own texts may quote it.

use serde_json::Value;
use tig_plugin_api::prelude::*;

use crate::config::Webhook;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_TIMEOUT_MS, RETRY_AFTER_MS_MAX};

/// What became of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The webhook has taken the message.
    Delivered,
    /// It may take the message later.
    Failed {
        /// For people.
        reason: String,
        /// Time that it asks for.
        retry_after_ms: Option<u64>,
    },
    /// It does not like the content of the message.
    Rejected {
        /// For people.
        reason: String,
    },
}

/// The request with a message. The signature is over time and body, so that neither can be changed and nobody can send an old
/// message again.
pub(crate) fn call(
    ctx: &mut Context<'_>,
    webhook: &Webhook,
    tag: String,
    body: &Value,
) -> Result<HttpCall> {
    let body = serde_json::to_vec(body)?;
    let mut headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), "tig-notifier".to_owned()),
    ];
    if let Some(key) = &webhook.key {
        let timestamp = (ctx.now_ms() / 1_000).to_string();
        let signed = [timestamp.as_bytes(), b".", &body].concat();
        let signature = hex::encode(ctx.sign(key, &signed)?);
        headers.push(("X-Tig-Timestamp".to_owned(), timestamp));
        headers.push(("X-Tig-Signature".to_owned(), format!("sha256={signature}")));
    }
    Ok(HttpCall {
        tag,
        method: Method::Post,
        url: webhook.url.reveal().to_owned(),
        headers,
        body,
        timeout_ms: ANSWER_TIMEOUT_MS,
        max_body_bytes: ANSWER_BYTES_MAX,
    })
}

/// What an answer means.
pub(crate) fn classify(result: &std::result::Result<HttpAnswer, HttpFailure>) -> Outcome {
    let answer = match result {
        Ok(answer) => answer,
        Err(failure) => {
            return Outcome::Failed {
                reason: explain(failure.kind).to_owned(),
                retry_after_ms: failure.rate_limit.map(|limit| limit.wait_ms),
            };
        }
    };
    let reason = format!("it answers with status {}", answer.status);
    match answer.status {
        200..=299 => Outcome::Delivered,
        400 | 413 | 415 | 422 => Outcome::Rejected { reason },
        _ => Outcome::Failed {
            reason,
            retry_after_ms: retry_after_ms(answer),
        },
    }
}

/// The host follows no redirects: the body would come to another server.
fn explain(kind: HttpFailureKind) -> &'static str {
    match kind {
        HttpFailureKind::Timeout => "it does not answer in time",
        HttpFailureKind::Connect => "there is no connection to it",
        HttpFailureKind::RateLimited => "the host's limit of requests a minute is reached",
        HttpFailureKind::TooLarge => "its answer is too long",
        HttpFailureKind::Other => "its answer is not HTTP, breaks off, or is a redirect",
    }
}

fn retry_after_ms(answer: &HttpAnswer) -> Option<u64> {
    let seconds: u64 = answer.header("retry-after")?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, headers: &[(&str, &[u8])]) -> Outcome {
        classify(&Ok(
            HttpAnswer::new(status, "").with_headers(headers.iter().copied())
        ))
    }

    #[test]
    fn statuses_decide_whether_to_try_again() {
        assert_eq!(answered(204, &[]), Outcome::Delivered);
        for status in [301, 401, 404, 429, 500, 503] {
            assert!(matches!(answered(status, &[]), Outcome::Failed { .. }));
        }
        for status in [400, 413, 422] {
            assert!(matches!(answered(status, &[]), Outcome::Rejected { .. }));
        }
    }

    #[test]
    fn webhook_may_ask_for_a_bounded_pause() {
        let pause = |text: &str| match answered(429, &[("retry-after", text.as_bytes())]) {
            Outcome::Failed { retry_after_ms, .. } => retry_after_ms,
            other => panic!("{other:?}"),
        };
        assert_eq!(pause("30"), Some(30_000));
        assert_eq!(pause("99999999999999999"), Some(RETRY_AFTER_MS_MAX));
        assert_eq!(pause("soon"), None);
    }

    #[test]
    fn texts_of_the_host_are_not_quoted() {
        let failure = HttpFailure::new(HttpFailureKind::Connect, "http://h/secret: refused");
        let Outcome::Failed { reason, .. } = classify(&Err(failure)) else {
            panic!("delivered");
        };
        assert!(!reason.contains("secret"), "{reason}");
    }
}
