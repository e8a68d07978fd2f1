//! Log lines of plugins, bounded and one line each.

use serde_json::{Map, Value};
use tig_plugin_api::LogLine;
use tig_plugin_api::frame::LogLevel;
use tracing::{debug, error, info, warn};

/// Longest message, in bytes.
pub(crate) const LOG_BYTES_MAX: usize = 8 << 10;

/// Fields of a line; further ones are left out.
pub(crate) const LOG_FIELDS_MAX: usize = 16;

/// Longest name of a field, in bytes.
pub(crate) const FIELD_NAME_BYTES_MAX: usize = 64;

/// Longest text of a field, in bytes.
pub(crate) const FIELD_BYTES_MAX: usize = 2 << 10;

/// Logs `line` of `extension`, written while it handled `event`.
pub(crate) fn log(extension: &str, event: Option<&str>, level: LogLevel, line: &LogLine) {
    // The arguments are evaluated only if the level is enabled.
    match level {
        LogLevel::Error => error!(extension, event, fields = fields(line), "{}", message(line)),
        LogLevel::Warn => warn!(extension, event, fields = fields(line), "{}", message(line)),
        LogLevel::Info => info!(extension, event, fields = fields(line), "{}", message(line)),
        LogLevel::Debug => debug!(extension, event, fields = fields(line), "{}", message(line)),
    }
}

/// Logs `line` of a shadow of `extension`, for developers only: a shadow changes nothing.
pub(crate) fn log_shadow(extension: &str, line: &LogLine) {
    debug!(
        extension,
        fields = fields(line),
        "shadow: {}",
        message(line)
    );
}

/// Replaces control characters: a text from outside must not forge another line.
fn message(line: &LogLine) -> String {
    cut(&line.message, LOG_BYTES_MAX).replace(char::is_control, " ")
}

/// JSON of the line's fields, for [`tig_process::logging::FIELDS`]; `None` if it has none.
fn fields(line: &LogLine) -> Option<String> {
    let fields = line.fields.iter().take(LOG_FIELDS_MAX);
    let fields: Map<String, Value> = fields
        .map(|(name, value)| (field_name(name), field_value(value)))
        .collect();
    (!fields.is_empty()).then(|| Value::Object(fields).to_string())
}

fn field_name(name: &str) -> String {
    let is_allowed = |char: char| matches!(char, 'a'..='z' | '0'..='9' | '_');
    cut(name, FIELD_NAME_BYTES_MAX).replace(|char| !is_allowed(char), "_")
}

fn field_value(value: &Value) -> Value {
    match value {
        Value::String(text) => cut(text, FIELD_BYTES_MAX).into(),
        Value::Array(_) | Value::Object(_) => cut(&value.to_string(), FIELD_BYTES_MAX).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encoded(values: &[(&str, Value)]) -> Value {
        let values = values.iter();
        let line = LogLine {
            message: String::new(),
            fields: values
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        };
        fields(&line).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn numbers_stay_and_structures_become_texts() {
        let values = [
            ("count", json!(u64::MAX)),
            ("ready", json!(true)),
            ("names", json!(["a", "b"])),
        ];
        let expected = json!({ "count": u64::MAX, "ready": true, "names": r#"["a","b"]"# });
        assert_eq!(encoded(&values), expected);
        assert_eq!(encoded(&[]), Value::Null);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let long = "ü".repeat(LOG_BYTES_MAX);
        let names: Vec<String> = (0..100).map(|index| format!("name {index:099}")).collect();
        let values: Vec<_> = names.iter().map(|name| (&**name, json!(long))).collect();
        let encoded = encoded(&values);
        let fields = encoded.as_object().unwrap();
        assert!(fields.len() <= LOG_FIELDS_MAX);
        for (name, value) in fields {
            assert_eq!(name.len(), FIELD_NAME_BYTES_MAX);
            assert!(name.starts_with("name_0"), "{name}");
            assert_eq!(value.as_str().unwrap().len(), FIELD_BYTES_MAX);
        }
        let line = LogLine {
            message: format!("a{long}"),
            fields: Vec::new(),
        };
        assert_eq!(message(&line).len(), LOG_BYTES_MAX - 1);
    }

    #[test]
    fn control_characters_leave_one_line() {
        let line = LogLine {
            message: "a\nb\r\u{1b}c".to_owned(),
            fields: Vec::new(),
        };
        assert_eq!(message(&line), "a b  c");
    }
}
