//! `tig-host why`: what is wrong, or not happening, and what to do about it.

use std::process::ExitCode;

use serde_json::json;

use super::admin::{AdminError, Where};
use super::client::{OperatorClient, runtime};
use super::condition_text::{is_about, lines};
use super::output;
use super::shown_text::escaped;
use super::terminal::Terminal;
use crate::control::report::ConditionsReport;

pub(super) fn why(place: &Where, topic: Option<&str>) -> Result<ExitCode, AdminError> {
    let client = OperatorClient::new(place)?;
    let reply: ConditionsReport = runtime()?.block_on(client.get("v1/conditions", &[]))?;
    let count = reply.conditions.len();
    let mut found = reply.conditions;
    found.retain(|condition| topic.is_none_or(|topic| is_about(condition, topic)));
    if place.json {
        output::json(&json!({ "conditions": found, "at_ms": reply.at_ms }));
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        output::line(&nothing(topic, count));
    }
    let terminal = Terminal::of_stdout();
    for condition in &found {
        let lines = lines(condition, reply.at_ms, terminal.width);
        lines.iter().for_each(|line| terminal.print(line));
    }
    Ok(ExitCode::SUCCESS)
}

fn nothing(topic: Option<&str>, count: usize) -> String {
    match topic {
        None => "nothing is wrong: no extension reports a condition".to_owned(),
        Some(topic) if count == 0 => {
            format!(
                "nothing is wrong, with `{}` or anything else",
                escaped(topic)
            )
        }
        Some(topic) => format!(
            "no condition is about `{}`; `tig-host why` shows the {count} about other things",
            escaped(topic)
        ),
    }
}
