//! JSON for readers: what is short stands on one line.

use serde_json::Value;

/// Characters of a line.
const LINE_CHARS_MAX: usize = 110;

/// The value with its parts on lines of their own where it is too long for one.
pub(super) fn readable(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, 0, &mut text);
    text
}

/// Writes `value` after `used` characters of a line that is indented by `depth`.
fn write(value: &Value, depth: usize, used: usize, text: &mut String) {
    let line = one_line(value);
    let is_short = depth * 2 + used + line.chars().count() <= LINE_CHARS_MAX;
    let indent = "  ".repeat(depth + 1);
    match value {
        Value::Array(values) if !is_short => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                *text += if index == 0 { "\n" } else { ",\n" };
                *text += &indent;
                write(value, depth + 1, 1, text);
            }
            *text += &format!("\n{}]", "  ".repeat(depth));
        }
        Value::Object(members) if !is_short => {
            text.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                let key = format!("{}: ", Value::from(key.as_str()));
                *text += if index == 0 { "\n" } else { ",\n" };
                *text += &format!("{indent}{key}");
                write(value, depth + 1, key.chars().count() + 1, text);
            }
            *text += &format!("\n{}}}", "  ".repeat(depth));
        }
        _ => *text += &line,
    }
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(one_line).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), one_line(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_long_values_are_broken() {
        let long = "x".repeat(LINE_CHARS_MAX - 8);
        let value = json!({ "a": { "b": [1, 2], "c": {} }, "d": [long] });
        let text = readable(&value);
        let expected = format!(
            "{{\n  \"a\": {{ \"b\": [1, 2], \"c\": {{}} }},\n  \"d\": [\n    \"{long}\"\n  ]\n}}"
        );
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
