//! `docs/config.md`: every key of the config file, out of the host's JSON Schema and `config.example.json`. Of another system
//! on the host only the sections of its extensions are written: `docs/config-computehorde.md`.

use serde_json::Value;

/// Text before the tables.
const HEAD: &str = "\
# Config keys

Every key of `config.json`, its value, its default and its meaning. [config.example.json](../config.example.json) is a whole
file; tests hold that it states the defaults. `tig-host schema` prints the JSON Schema of your host and its plugins, which
editors complete and check by.

In the sections of extensions, a value or a whole section may be `{\"$file\": \"values.json\"}`: it stands for the JSON in that
file, whose path starts from the folder of `config.json`. A file has at most 1 MiB and names no other files, and there are at most
16 of them. The host watches them as it watches `config.json`: a changed file is applied like a changed config, and one that cannot
be used changes nothing and is reported in the log. Every extension gets what is in these files, as it gets all sections. A secret in
one, such as the address of a webhook, is left out of recordings and support bundles like one in `config.json`.

This file is written by `cargo xtask config-reference`.
";

/// Text before the tables of the ComputeHorde validator.
const HORDE_HEAD: &str = "\
# Config keys of the ComputeHorde validator

Every key of the sections of its extensions, its value, its default and its meaning; [config.md](config.md) has those of the host.
[config.computehorde.example.json](../config.computehorde.example.json) is a whole file; tests hold that it states the
defaults.

This file is written by `cargo xtask config-reference`.
";

/// Of these the example shows what a value looks like; they have no default.
const EXAMPLES: [&str; 3] = [
    "player_id",
    "http.hosts.<name>.gets_per_minute",
    "http.hosts.<name>.posts_per_minute",
];

/// A key that `config.example.json` does not show.
#[derive(Debug, thiserror::Error)]
#[error("config.example.json has no key {0}: add it, with its default")]
pub struct MissingKey(String);

/// The whole document.
///
/// # Errors
/// The example is not complete.
pub fn config_reference(schema: &Value, example: &Value) -> Result<String, MissingKey> {
    let host = section("Host", "", schema, example)?;
    Ok(HEAD.to_owned() + &host + &sections(schema, example)?)
}

/// The document of the ComputeHorde validator.
///
/// # Errors
/// The example is not complete.
pub fn horde_config_reference(schema: &Value, example: &Value) -> Result<String, MissingKey> {
    Ok(HORDE_HEAD.to_owned() + &sections(schema, example)?)
}

/// The sections of the example's extensions; plugins of other systems may lie beside the host.
fn sections(schema: &Value, example: &Value) -> Result<String, MissingKey> {
    let mut text = String::new();
    let sections = &schema["properties"]["config"]["properties"];
    for name in example["extensions"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let path = format!("config.{name}");
        let example = present(&example["config"], name, &path)?;
        text += &section(&format!("`{path}`"), "", &sections[name], example)?;
    }
    Ok(text)
}

fn section(title: &str, path: &str, schema: &Value, example: &Value) -> Result<String, MissingKey> {
    let mut rows = Vec::new();
    add_keys(path, schema, example, &mut rows)?;
    let table = match rows.as_slice() {
        [] => "There are no keys.\n".to_owned(),
        rows => format!(
            "| key | value | default | meaning |\n|---|---|---|---|\n{}",
            rows.concat()
        ),
    };
    Ok(format!("\n## {title}\n\n{table}"))
}

/// A row for every key of an object, with those of the objects in it.
fn add_keys(
    path: &str,
    schema: &Value,
    example: &Value,
    rows: &mut Vec<String>,
) -> Result<(), MissingKey> {
    let schema = not_null(schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = schema["required"]
            .as_array()
            .is_some_and(|names| names.iter().any(|other| other == name));
        let path = format!("{path}{name}");
        let value = present(example, name, &path)?;
        let default = if EXAMPLES.contains(&path.as_str()) {
            &Value::Null
        } else {
            value
        };
        rows.push(row(&path, property, (!is_required).then_some(default)));
        // The sections of extensions have tables of their own.
        if path != "config" {
            add_keys(&format!("{path}."), property, value, rows)?;
        }
    }
    // Entries that are no objects have no keys.
    if not_null(&schema["additionalProperties"])["properties"].is_object() {
        let first = example
            .as_object()
            .and_then(|entries| entries.values().next());
        // An example without entries says nothing about their keys.
        let entry = first.unwrap_or(&Value::Null);
        add_keys(
            &format!("{path}<name>."),
            &schema["additionalProperties"],
            entry,
            rows,
        )?;
    }
    Ok(())
}

/// `null` in place of an object says nothing about its keys: they have no defaults.
fn present<'a>(example: &'a Value, name: &str, path: &str) -> Result<&'a Value, MissingKey> {
    match example {
        Value::Object(entries) => entries.get(name).ok_or_else(|| MissingKey(path.to_owned())),
        _ => Ok(&Value::Null),
    }
}

fn row(path: &str, schema: &Value, default: Option<&Value>) -> String {
    let default = match default {
        None => "required".to_owned(),
        Some(Value::Null) => "-".to_owned(),
        Some(Value::Object(_)) => "`{}`".to_owned(),
        Some(value) => format!("`{value}`"),
    };
    let meaning = schema["description"].as_str().unwrap_or_default();
    let meaning = meaning.replace('|', "\\|");
    format!("| `{path}` | {} | {default} | {meaning} |\n", kind(schema))
}

fn kind(schema: &Value) -> String {
    let inner = not_null(schema);
    if let Some(choices) = inner["enum"].as_array() {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        return choices.join(", ");
    }
    match inner["type"].as_str() {
        Some("array") => format!("list of {}s", kind(&inner["items"])),
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("string") => "text".to_owned(),
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    }
}

/// The branch of a schema that is not `null`.
fn not_null(schema: &Value) -> &Value {
    schema["anyOf"]
        .as_array()
        .and_then(|branches| branches.last())
        .unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({ "type": "object", "required": ["extensions"], "properties": {
            "extensions": { "type": "array", "items": { "type": "string" }, "description": "What to load." },
            "port": { "anyOf": [{ "type": "null" }, { "type": "integer" }], "description": "Where to listen." },
            "keys": { "type": "object", "additionalProperties": { "properties": { "kind": { "type": "string" } } } },
            "config": { "type": "object", "properties": {
                "job_manager": { "additionalProperties": { "required": ["size"], "properties": { "size": { "type": "integer" } } } },
            } },
        } })
    }

    #[test]
    fn keys_have_rows_with_their_defaults() {
        let example = json!({ "extensions": ["job_manager"], "port": 7, "keys": {}, "config": { "job_manager": { "knapsack": { "size": 4 } } } });
        let text = config_reference(&schema(), &example).unwrap();
        for row in [
            "| `extensions` | list of texts | required | What to load. |",
            "| `port` | whole number | `7` | Where to listen. |",
            "| `keys.<name>.kind` | text | - |  |",
            "## `config.job_manager`",
            "| `<name>.size` | whole number | required |  |",
        ] {
            assert!(
                text.lines().any(|line| line == row),
                "{row} is not in\n{text}"
            );
        }
    }

    #[test]
    fn a_key_the_example_lacks_is_named() {
        let missing = |example: Value| {
            config_reference(&schema(), &example)
                .unwrap_err()
                .to_string()
        };
        let start = "config.example.json has no key ";
        assert!(missing(json!({ "extensions": [] })).starts_with(&format!("{start}port: ")));
        let found =
            missing(json!({ "extensions": ["job_manager"], "port": 7, "keys": {}, "config": {} }));
        assert!(
            found.starts_with(&format!("{start}config.job_manager: ")),
            "{found}"
        );
    }
}
