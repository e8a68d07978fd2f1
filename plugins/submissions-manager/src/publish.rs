//! The outcome of a request as events, and in the log.

use serde_json::json;
use tig_events::{Alert, AlertKind};
use tig_plugin_api::prelude::*;

use crate::kind::Kind;
use crate::outcome::{Answer, Outcome, is_key_refused};
use crate::submission::{State, Submission};

/// Emits and logs what became of a request.
pub(crate) fn publish_outcome(
    ctx: &mut Context<'_>,
    key: &(Kind, String),
    after: &Submission,
    outcome: &Outcome,
) -> Result<()> {
    let (kind, id) = key;
    let will_retry = after.state == State::Waiting;
    let labels = [("kind", kind.name()), ("outcome", outcome.name())];
    ctx.count("answers", &labels, 1);
    match outcome {
        Outcome::Accepted(Answer { text, .. }) => {
            let mut event = after.request.clone();
            event["text"] = json!(text);
            ctx.emit_json(&format!("submit_{kind}_success"), &event)?;
            ctx.info_with(
                "submission accepted",
                &[
                    ("kind", &kind.name()),
                    (kind.id_field(), &id),
                    ("answer", text),
                ],
            );
        }
        // Reported with the limit.
        Outcome::Limited(_) => {}
        Outcome::Unknown(Answer { text, .. }) => {
            ctx.warn_with(
                "submission given up: it may have been accepted",
                &[
                    ("kind", &kind.name()),
                    (kind.id_field(), &id),
                    ("answer", text),
                ],
            );
        }
        Outcome::Retryable(answer) | Outcome::Rejected(answer) | Outcome::Fraud(answer) => {
            let Answer { status, text } = answer;
            let request = &after.request;
            let event = json!({ "text": text, "status": status, "request": request, "will_retry": will_retry });
            ctx.emit_json(&format!("submit_{kind}_error"), &event)?;
            if let Some(alert) = alert(key, outcome, will_retry, text) {
                ctx.emit(&alert)?;
            }
            let advice = advice(answer);
            let fields: &LogFields<'_> = &[
                ("kind", &kind.name()),
                (kind.id_field(), id),
                ("status", status),
                ("answer", text),
            ];
            match outcome {
                Outcome::Fraud(_) => {
                    ctx.error_with("the API calls the submission a fraud", fields);
                }
                _ if will_retry => {
                    let message = format!("submission failed, will be sent again{advice}");
                    ctx.warn_with(&message, fields);
                }
                _ => ctx.error_with(&format!("submission rejected{advice}"), fields),
            }
        }
    }
    Ok(())
}

/// What a person can do about an answer that is about who we are.
fn advice(answer: &Answer) -> &'static str {
    match answer.status {
        Some(401 | 403) => {
            "; check that the API key (`api_key_file`) is whole, and the one of `player_id`"
        }
        _ if is_key_refused(answer) => {
            "; the API key (`api_key_file`) is of another account than `player_id`: correct one of them"
        }
        _ => "",
    }
}

/// What a person must hear of: paid work that comes to nothing.
fn alert(key: &(Kind, String), outcome: &Outcome, will_retry: bool, text: &str) -> Option<Alert> {
    let (kind, id) = key;
    let alert = match outcome {
        Outcome::Fraud(_) => AlertKind::Fraud,
        _ if will_retry || *kind == Kind::Precommit => return None,
        _ => AlertKind::SubmissionRejected,
    };
    Some(Alert {
        kind: alert,
        benchmark_id: Some(id.clone()),
        text: format!("{kind} {id}: {text}"),
    })
}
