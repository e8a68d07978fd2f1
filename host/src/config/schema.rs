//! Checks JSON against the JSON Schema of a manifest and reports every fault with its path and, for a mistyped name, a
//! suggestion.
//!
//! Supports the keywords that `ConfigSchema` writes and ignores others, as JSON Schema demands.

use serde_json::{Map, Value};

use crate::config::{Fault, Suggestion};

/// Every fault of `value`, which lies at `path` (empty for the root).
#[must_use]
pub(crate) fn faults(schema: &Value, value: &Value, path: &str) -> Vec<Fault> {
    let mut found = Vec::new();
    check(schema, value, path, &mut found);
    found
}

fn check(schema: &Value, value: &Value, path: &str, found: &mut Vec<Fault>) {
    let mut report = |text: String| found.push(Fault::new(path, text));
    if let Some(branches) = schema["anyOf"].as_array() {
        return check_any(branches, value, path, found);
    }
    if let Some(choices) = schema["enum"].as_array() {
        if !choices.contains(value) {
            report(no_choice(choices, value));
        }
        return;
    }
    let Some(expected) = schema["type"].as_str() else {
        return;
    };
    if !has_type(value, expected) {
        return report(format!(
            "expected {}, found {}",
            type_words(expected),
            found_words(value)
        ));
    }
    match value {
        Value::Number(_) => {
            if let Some(text) = out_of_range(schema, value) {
                report(text);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Object(object) => check_object(schema, object, path, found),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The last branch describes the value; the others allow `null`.
fn check_any(branches: &[Value], value: &Value, path: &str, found: &mut Vec<Fault>) {
    let mut last = Vec::new();
    for branch in branches {
        last = faults(branch, value, path);
        if last.is_empty() {
            return;
        }
    }
    found.extend(last);
}

fn check_object(schema: &Value, object: &Map<String, Value>, path: &str, found: &mut Vec<Fault>) {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    for (key, value) in object {
        let path = join(path, key);
        match (properties.get(key), &schema["additionalProperties"]) {
            (Some(property), _) => check(property, value, &path, found),
            (None, Value::Bool(false)) => {
                let suggestion = Suggestion::find(key, properties.keys().map(String::as_str));
                found.push(Fault::new(&path, format!("unknown key{suggestion}")));
            }
            (None, other) => check(other, value, &path, found),
        }
    }
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if !object.contains_key(name) {
            let about = properties[name]["description"].as_str();
            let about = about.map_or(String::new(), |about| format!(": {about}"));
            found.push(Fault::new(
                &join(path, name),
                format!("this key is missing{about}"),
            ));
        }
    }
}

/// A key with @ may be a URL with a password in it, and is not repeated.
pub(super) fn join(path: &str, key: &str) -> String {
    let key = if key.contains('@') {
        "(a key with @)"
    } else {
        key
    };
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn has_type(value: &Value, expected: &str) -> bool {
    match expected {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn type_words(expected: &str) -> &str {
    match expected {
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a text",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

/// A short value itself, else its type. A long text may be a secret in the wrong place.
fn found_words(value: &Value) -> String {
    const SHOWN_CHARS_MAX: usize = 24;
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > SHOWN_CHARS_MAX => "a text".to_owned(),
        Value::String(text) => format!("the text {text:?}"),
        other => other.to_string(),
    }
}

fn out_of_range(schema: &Value, value: &Value) -> Option<String> {
    let whole = |value: &Value| {
        let unsigned = value.as_u64().map(i128::from);
        unsigned.or_else(|| value.as_i64().map(i128::from))
    };
    let (number, minimum, maximum) = (
        whole(value)?,
        whole(&schema["minimum"])?,
        whole(&schema["maximum"])?,
    );
    (!(minimum..=maximum).contains(&number))
        .then(|| format!("{number} is not between {minimum} and {maximum}"))
}

fn no_choice(choices: &[Value], value: &Value) -> String {
    let names: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
    let suggestion = Suggestion::find(value.as_str().unwrap_or_default(), names.iter().copied());
    format!(
        "expected one of `{}`, found {}{suggestion}",
        names.join("`, `"),
        found_words(value)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault_texts(value: &Value) -> Vec<String> {
        let selection = json!({
            "type": "object",
            "properties": {
                "algorithm": { "type": "string", "description": "Name of the algorithm." },
                "num_items": { "type": "integer", "minimum": 0, "maximum": u64::MAX },
                "weight": { "type": "number" },
                "mode": { "enum": ["fast", "slow"] },
                "retries": { "anyOf": [{ "type": "null" }, { "type": "integer" }] },
                "tags": { "type": "array", "items": { "type": "string" } },
            },
            "required": ["algorithm"],
            "additionalProperties": false,
        });
        let schema = json!({
            "type": "object",
            "additionalProperties": selection,
        });
        let found = faults(&schema, value, "config.x");
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn valid_value_has_no_faults() {
        let value = json!({ "a": { "algorithm": "b", "num_items": u64::MAX, "weight": 1, "mode": "slow",
                                   "retries": null, "tags": ["x"] } });
        assert_eq!(fault_texts(&value), [""; 0]);
    }

    #[test]
    fn each_fault_has_its_path_and_a_suggestion() {
        let value = json!({
            "a": { "algorithn": "b", "num_items": -1, "weight": "1", "mode": "fasst" },
            "b": { "algorithm": 7, "num_items": 1.5, "retries": "for ever", "tags": ["x", null], "zzz": 1 },
            "c": [],
        });
        assert_eq!(
            fault_texts(&value),
            [
                "config.x.a.algorithn: unknown key; did you mean `algorithm`?",
                "config.x.a.num_items: -1 is not between 0 and 18446744073709551615",
                "config.x.a.weight: expected a number, found the text \"1\"",
                "config.x.a.mode: expected one of `fast`, `slow`, found the text \"fasst\"; did you mean `fast`?",
                "config.x.a.algorithm: this key is missing: Name of the algorithm.",
                "config.x.b.algorithm: expected a text, found 7",
                "config.x.b.num_items: expected a whole number, found 1.5",
                "config.x.b.retries: expected a whole number, found the text \"for ever\"",
                "config.x.b.tags[1]: expected a text, found null",
                "config.x.b.zzz: unknown key",
                "config.x.c: expected an object, found a list",
            ]
        );
    }

    #[test]
    fn key_with_a_password_is_not_repeated() {
        let value = json!({ "https://me:s3cret@a": [] });
        assert_eq!(
            fault_texts(&value),
            ["config.x.(a key with @): expected an object, found a list"]
        );
    }

    #[test]
    fn unknown_keywords_are_ignored() {
        assert_eq!(
            faults(
                &json!({ "pattern": "^a", "type": "surprise" }),
                &json!("b"),
                ""
            ),
            []
        );
    }
}
