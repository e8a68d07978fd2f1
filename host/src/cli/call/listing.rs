//! Shows commands and their arguments to people.

use serde_json::{Value, json};
use tig_plugin_api::CommandInfo;

use super::super::output::{self, escaped};
use super::super::plugins::key_line;
use crate::control::report::ExtensionCommands;

/// Prints the commands of `extensions`.
pub(super) fn print<'a>(extensions: impl IntoIterator<Item = &'a ExtensionCommands>) {
    let commands = extensions.into_iter().flat_map(|extension| {
        let commands = extension.commands.iter();
        commands.flat_map(|command| lines(&extension.name, command))
    });
    let mut is_empty = true;
    for line in commands {
        is_empty = false;
        output::line(&escaped(&line));
    }
    if is_empty {
        output::line("no commands");
    }
}

/// A line for the command, and one for each of its arguments.
pub(super) fn lines(extension: &str, command: &CommandInfo) -> Vec<String> {
    let CommandInfo {
        name,
        about,
        arguments,
    } = command;
    let mut lines = vec![format!("{extension} {name}  {about}").trim_end().to_owned()];
    match arguments {
        None => lines.push("    any arguments".to_owned()),
        Some(schema) => lines.extend(argument_lines(schema)),
    }
    lines
}

fn argument_lines(schema: &Value) -> Vec<String> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let is_required = |name: &str| {
        let names = schema["required"].as_array();
        names.is_some_and(|names| names.contains(&json!(name)))
    };
    properties
        .map(|(name, property)| {
            let key = format!("    --{name}");
            key_line(&key, property, is_required(name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_is_shown_with_its_arguments() {
        let schema = json!({
            "type": "object",
            "properties": {
                "count": { "type": "integer", "description": "How many." },
                "dry": { "anyOf": [{ "type": "null" }, { "type": "boolean" }] },
            },
            "required": ["count"],
        });
        let mut command = CommandInfo {
            name: "run".to_owned(),
            about: "Runs.".to_owned(),
            arguments: Some(schema),
        };
        let expected = [
            "batch run  Runs.",
            "    --count (integer, required) How many.",
            "    --dry (boolean, optional)",
        ];
        assert_eq!(lines("batch", &command), expected);
        command.arguments = None;
        command.about.clear();
        assert_eq!(lines("batch", &command), ["batch run", "    any arguments"]);
    }
}
