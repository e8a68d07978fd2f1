//! Conditions of the connection to the facilitator and of the statuses that go over it.

use horde_extension::shown;
use tig_plugin_api::prelude::*;

use crate::config::Config;
use crate::connection::{Connection, Trouble};
use crate::queue::Queue;

/// A status that has waited for so long is reported, in milliseconds: a status of a job that the facilitator learns of a moment later
/// takes 30 s, and after 5 min 30 s the facilitator gives up its job.
const STATUS_LATE_MS: u64 = 120_000;

/// All that is so now.
pub(crate) fn present(
    config: &Config,
    connection: &Connection,
    queue: &Queue,
    now_ms: u64,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    let trouble = connection.trouble(now_ms);
    if let Some(trouble) = trouble {
        let reason = connection.last_error.as_deref().unwrap_or("unknown");
        conditions.push(of_connection(config, trouble, reason));
    }
    let oldest_ms = queue.oldest_ms();
    let is_late = oldest_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) >= STATUS_LATE_MS);
    // After a start statuses are old because the host was down, until a connection shows more.
    let is_tried = connection.last_error.is_some() || connection.is_stable(now_ms);
    if is_late && is_tried {
        conditions.push(statuses_waiting(trouble));
    }
    conditions
}

fn of_connection(config: &Config, trouble: Trouble, reason: &str) -> Condition {
    let (uri, reason) = (without_query(&config.uri), shown(without_query(reason)));
    match trouble {
        Trouble::Refused => {
            let text = format!(
                "the facilitator at {uri} refuses this validator, so no jobs of users come: {reason}"
            );
            let remedy = format!(
                "check that the host's key `{}` is the hotkey of an active validator of the subnet, and ask the facilitator's operator whether \
                 it is known there (code 3001: it is not); then `compute-horde connect_facilitator`",
                config.key
            );
            Condition::new("facilitator_refuses", Severity::Critical, text).with_remedy(remedy)
        }
        Trouble::Unreachable => {
            let text = format!(
                "there is no lasting connection to the facilitator at {uri}, so no jobs of users come: {reason}"
            );
            Condition::new("facilitator_unreachable", Severity::Warning, text).with_remedy(
                "check `uri` of config.horde_facilitator, the network and the name server; the next attempt is made by itself, or at once by \
                 `compute-horde connect_facilitator`",
            )
        }
    }
}

fn statuses_waiting(trouble: Option<Trouble>) -> Condition {
    let cause = match trouble {
        Some(_) => "there is no lasting connection to it",
        None => "it answers them late, with errors or not at all",
    };
    let text = format!(
        "the facilitator has not taken statuses of jobs for more than two minutes, so users see those jobs fail: {cause}"
    );
    Condition::new("statuses_waiting", Severity::Warning, text).with_remedy(
        "look at `last_error` of GET /horde/facilitator and at the log; statuses are sent until they are an hour old",
    )
}

/// The text up to the query of a URL in it, which may hold a secret: that of the config, or one to which a server redirects.
fn without_query(text: &str) -> &str {
    text.split('?').next().unwrap_or_default()
}
