//! `tig-host pause` and `resume`: one word for the command of that name of every extension that has one.

use std::process::ExitCode;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::admin::{AdminError, Where};
use super::client::{self, OperatorClient, path_part, runtime};
use super::output;
use super::shown_text::escaped;
use crate::control::report::{CallReport, CommandsReport};
use crate::exit_code;

/// Calls `command` of each extension that has one, and says which.
pub(super) fn call_all(place: &Where, command: &str) -> Result<ExitCode, AdminError> {
    let client = OperatorClient::new(place)?;
    let runtime = runtime()?;
    let commands: CommandsReport = runtime.block_on(client.get("v1/commands", &[]))?;
    let owners = owners(&commands, command);
    if owners.is_empty() {
        return Err(AdminError::Refused(format!(
            "no running extension has a command `{command}`"
        )));
    }
    let mut code = ExitCode::SUCCESS;
    let mut called = Vec::new();
    for extension in owners {
        // One that fails keeps no other from its call.
        match runtime.block_on(call(&client, extension, command, &json!({}))) {
            Ok(report) => {
                if report.code != Some(0) {
                    code = report.code.unwrap_or(exit_code::INTERRUPTED).into();
                }
                if !place.json {
                    output::line(&escaped(&format!(
                        "{extension}: {}",
                        text(&report, command)
                    )));
                }
                called.push(json!({ "extension": extension, "code": report.code, "value": report.value, "progress": report.progress }));
            }
            Err(error) => {
                output::error_line(&escaped(&format!("{extension}: {}", client::text(&error))));
                code = error.exit_code();
            }
        }
    }
    if place.json {
        output::json(&json!({ "called": called }));
    }
    Ok(code)
}

/// Extensions that have a command of this name.
pub(super) fn owners<'a>(commands: &'a CommandsReport, name: &str) -> Vec<&'a str> {
    let extensions = commands.extensions.iter();
    let owners = extensions.filter(|it| it.commands.iter().any(|it| it.name == name));
    owners.map(|it| it.name.as_str()).collect()
}

/// Calls one command with one reply for all that it says.
pub(super) async fn call(
    client: &OperatorClient,
    extension: &str,
    command: &str,
    arguments: &Value,
) -> Result<CallReport, AdminError> {
    let (extension, command) = (path_part(extension), path_part(command));
    let path = format!("v1/control/call/{extension}/{command}");
    client.post(&path, arguments).await
}

/// What has come of `command`, on one line.
pub(super) fn text(report: &CallReport, command: &str) -> String {
    let end = match report.code {
        Some(0) => format!("{command} done"),
        Some(code) => format!("{command} ended with {code}"),
        None => format!("{command} goes on"),
    };
    let value = report.value.as_deref().map(RawValue::get);
    let value = value.and_then(|json| match serde_json::from_str(json) {
        Ok(Value::Null) => None,
        Ok(Value::String(text)) => Some(text),
        _ => Some(json.to_owned()),
    });
    let said = report.progress.iter().cloned().chain(value);
    [end].into_iter().chain(said).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_of_a_call_is_one_line() {
        let text = |reply: Value| {
            let report: CallReport = serde_json::from_value(reply).unwrap();
            super::text(&report, "pause")
        };
        assert_eq!(
            text(json!({ "code": 0, "value": null, "progress": [] })),
            "pause done"
        );
        assert_eq!(
            text(json!({ "code": 3, "value": "no", "progress": ["looked"] })),
            "pause ended with 3; looked; no"
        );
        assert_eq!(text(json!({ "progress": [] })), "pause goes on");
    }
}
