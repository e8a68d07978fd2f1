//! Arguments of a command from the command line: texts become what the command's schema says.
//!
//! A text that has no such form stays a text: the check against the schema says then what was expected.

use serde_json::{Map, Value};
use tig_process::json_text::{self, JsonError};

use super::words::Given;

/// Why there are no arguments.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgumentsError {
    /// The text of `--arguments` is not JSON.
    #[error("arguments are not JSON: {0}")]
    Json(#[from] JsonError),
    /// The text of `--arguments` is JSON, but not an object.
    #[error("arguments must be a JSON object, such as {{\"key\": 1}}")]
    NotAnObject,
    /// The key needs a value.
    #[error("--{0} has no value; a value that begins with two hyphens is given as --{0}=VALUE")]
    NoValue(String),
    /// The key stands for one value, and is given several times.
    #[error("--{0} is given twice, and is not a list")]
    Twice(String),
    /// There are more words than arguments that must be given.
    #[error("unexpected `{0}`; other arguments are given as --KEY VALUE")]
    Unexpected(String),
}

/// The arguments in the text of `--arguments`.
///
/// # Errors
///
/// See [`ArgumentsError`].
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, ArgumentsError> {
    match json_text::parse(text)? {
        Value::Object(arguments) => Ok(arguments),
        _ => Err(ArgumentsError::NotAnObject),
    }
}

/// `arguments` with those of the command line, which go first, in the forms that `schema` says.
///
/// # Errors
///
/// See [`ArgumentsError`].
pub(super) fn merge(
    schema: Option<&Value>,
    mut arguments: Map<String, Value>,
    given: &[Given],
) -> Result<Value, ArgumentsError> {
    let mut merged = Map::new();
    for Given { key, value } in given {
        let name = name(schema, key);
        let property = property(schema, &name);
        let is_list = property["type"] == "array";
        let form = if is_list {
            inner(&property["items"])
        } else {
            property
        };
        let value = match value {
            Some(text) => convert(form, text),
            None if form["type"] == "boolean" => Value::Bool(true),
            None => return Err(ArgumentsError::NoValue(key.clone())),
        };
        if !is_list {
            if merged.insert(name, value).is_some() {
                return Err(ArgumentsError::Twice(key.clone()));
            }
            continue;
        }
        let list = merged
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = list {
            match value {
                // An object does not begin with a bracket, so the whole list is given at once.
                Value::Array(given) if form["type"] == "object" => items.extend(given),
                item => items.push(item),
            }
        }
    }
    arguments.extend(merged);
    Ok(Value::Object(arguments))
}

/// Name of the argument: hyphens may stand for the underscores of a known one.
fn name(schema: Option<&Value>, key: &str) -> String {
    let is_known = |name: &str| schema.is_some_and(|it| it["properties"].get(name).is_some());
    let underscored = key.replace('-', "_");
    if !is_known(key) && is_known(&underscored) {
        underscored
    } else {
        key.to_owned()
    }
}

/// `given` with `positionals` in the places of the required arguments that are not in it, in the order of the schema.
///
/// # Errors
///
/// [`ArgumentsError::Unexpected`].
pub(super) fn place(
    schema: Option<&Value>,
    positionals: Vec<String>,
    given: &mut Vec<Given>,
) -> Result<(), ArgumentsError> {
    let is_given = |required: &&str| given.iter().any(|it| name(schema, &it.key) == **required);
    let required = schema.and_then(|schema| schema["required"].as_array());
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    let open: Vec<&str> = required.filter(|name| !is_given(name)).collect();
    if let Some(further) = positionals.get(open.len()) {
        return Err(ArgumentsError::Unexpected(further.clone()));
    }
    let placed = open.iter().zip(positionals);
    given.extend(placed.map(|(key, value)| Given::new(key, Some(value))));
    Ok(())
}

fn property<'a>(schema: Option<&'a Value>, name: &str) -> &'a Value {
    let Some(schema) = schema else {
        return &Value::Null;
    };
    let known = schema["properties"].get(name);
    inner(known.unwrap_or(&schema["additionalProperties"]))
}

/// The schema without the branch that allows `null`.
fn inner(schema: &Value) -> &Value {
    let branches = schema["anyOf"].as_array();
    branches
        .and_then(|branches| branches.last())
        .unwrap_or(schema)
}

fn convert(form: &Value, text: &str) -> Value {
    let json = || serde_json::from_str::<Value>(text).ok();
    let value = match form["type"].as_str() {
        Some("string") => None,
        Some("integer" | "number") => json().filter(Value::is_number),
        Some("boolean") => json().filter(Value::is_boolean),
        // One of several texts.
        None if form["enum"].is_array() => None,
        _ => json(),
    };
    value.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(given: &[(&str, Option<&str>)]) -> Result<Value, ArgumentsError> {
        let schema = json!({
            "type": "object",
            "properties": {
                "job_count": { "type": "integer", "minimum": 0, "maximum": u64::MAX },
                "weight": { "anyOf": [{ "type": "null" }, { "type": "number" }] },
                "text": { "type": "string" },
                "dry": { "type": "boolean" },
                "mode": { "enum": ["1", "2"] },
                "tags": { "type": "array", "items": { "type": "string" } },
                "sizes": { "type": "array", "items": { "type": "integer", "minimum": 0, "maximum": 9 } },
                "peers": { "type": "array", "items": { "type": "object" } },
                "options": { "type": "object", "additionalProperties": { "type": "string" } },
            },
            "additionalProperties": false,
        });
        let given: Vec<Given> = given
            .iter()
            .map(|(key, value)| Given {
                key: (*key).to_owned(),
                value: value.map(str::to_owned),
            })
            .collect();
        let base = parse(r#"{"text": "from the file", "tags": ["x"], "depth": 5.0}"#)?;
        merge(Some(&schema), base, &given)
    }

    #[test]
    fn texts_become_what_the_schema_says() {
        let given = [
            ("job-count", Some("18446744073709551615")),
            ("weight", Some("0.5")),
            ("text", Some("7")),
            ("dry", None),
            ("mode", Some("2")),
            ("tags", Some("[")),
            ("tags", Some("1")),
            ("sizes", Some("1")),
            ("peers", Some(r#"[{"port":1},{"port":2}]"#)),
            ("peers", Some(r#"{"port":3}"#)),
            ("options", Some(r#"{"a":"b"}"#)),
        ];
        let expected = json!({
            "text": "7", "tags": ["[", "1"], "depth": 5, "job_count": u64::MAX, "weight": 0.5, "dry": true, "mode": "2",
            "sizes": [1], "peers": [{ "port": 1 }, { "port": 2 }, { "port": 3 }], "options": { "a": "b" },
        });
        assert_eq!(merged(&given).unwrap(), expected);
    }

    #[test]
    fn text_of_another_form_stays_for_the_check() {
        let given = [
            ("job_count", Some("many")),
            ("dry", Some("yes")),
            ("options", Some("{")),
            ("other-key", Some("3")),
        ];
        let merged = merged(&given).unwrap();
        assert_eq!(merged["job_count"], "many");
        assert_eq!(merged["dry"], "yes");
        assert_eq!(merged["options"], "{");
        assert_eq!(merged["other-key"], 3);
    }

    #[test]
    fn without_a_schema_json_is_read_as_json() {
        let given = ["1", "[1]", "a"].map(|text| Given {
            key: text.to_owned(),
            value: Some(text.to_owned()),
        });
        let merged = merge(None, Map::new(), &given).unwrap();
        assert_eq!(merged, json!({ "1": 1, "[1]": [1], "a": "a" }));
    }

    #[test]
    fn positionals_are_required_arguments_in_order() {
        let schema = json!({
            "properties": { "b": { "type": "string" }, "a_b": { "type": "string" }, "c": { "type": "string" } },
            "required": ["b", "a_b"],
        });
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut given = vec![Given::new("a-b", Some("1".to_owned()))];
        place(Some(&schema), words(&["2"]), &mut given).unwrap();
        assert_eq!(given[1], Given::new("b", Some("2".to_owned())));
        let error = place(Some(&schema), words(&["3"]), &mut given).unwrap_err();
        assert!(matches!(error, ArgumentsError::Unexpected(_)), "{error}");
        place(None, Vec::new(), &mut given).unwrap();
        assert_eq!(given.len(), 2);
    }

    #[test]
    fn missing_and_repeated_values_are_named() {
        let error = merged(&[("text", None)]).unwrap_err();
        assert!(matches!(error, ArgumentsError::NoValue(_)), "{error}");
        let error = merged(&[("text", Some("a")), ("text", Some("b"))]).unwrap_err();
        assert!(matches!(error, ArgumentsError::Twice(_)), "{error}");
        let error = parse("[]").unwrap_err();
        assert!(matches!(error, ArgumentsError::NotAnObject), "{error}");
        let error = parse("{").unwrap_err();
        assert!(matches!(error, ArgumentsError::Json(_)), "{error}");
    }
}
