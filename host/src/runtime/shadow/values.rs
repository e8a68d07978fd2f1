//! Compares two JSON bodies value by value. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

/// Values that are shown: as many as a long list of participants has.
const VALUES_SHOWN_COUNT_MAX: usize = 256;

/// Characters of a path or of a value that are shown.
const VALUE_SHOWN_CHARS_MAX: usize = 80;

/// Levels of a body that are compared by their parts; deeper ones are compared whole.
const DEPTH_MAX: usize = 8;

/// The values that differ between two bodies, a line each; `None` if one of them is not a JSON object or list, or if all values are
/// the same.
#[must_use]
pub(super) fn differing_values(running: &[u8], shadow: &[u8]) -> Option<String> {
    let mut lines = differing_lines(running, shadow)?;
    let count = lines.len();
    lines.truncate(VALUES_SHOWN_COUNT_MAX);
    if count > lines.len() {
        lines.push(format!("and {} more", count - lines.len()));
    }
    let lines: String = lines.iter().map(|line| format!("\n    {line}")).collect();
    Some(format!("values that differ: {count}{lines}"))
}

/// As [`differing_values`], all lines: the path of the value, what the second body has, and what the first has.
#[must_use]
pub(crate) fn differing_lines(one: &[u8], other: &[u8]) -> Option<Vec<String>> {
    let parsed = |bytes: &[u8]| {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        (value.is_object() || value.is_array()).then_some(value)
    };
    let (one, other) = (parsed(one)?, parsed(other)?);
    let mut lines = Vec::new();
    compare(&mut lines, "", Some(&one), Some(&other), 0);
    (!lines.is_empty()).then_some(lines)
}

fn compare(
    lines: &mut Vec<String>,
    path: &str,
    running: Option<&Value>,
    shadow: Option<&Value>,
    depth: usize,
) {
    match (running, shadow) {
        (running, shadow) if running == shadow => {}
        (Some(Value::Object(running)), Some(Value::Object(shadow))) if depth < DEPTH_MAX => {
            let keys: BTreeSet<_> = running.keys().chain(shadow.keys()).collect();
            for key in keys {
                let path = join(path, key);
                compare(lines, &path, running.get(key), shadow.get(key), depth + 1);
            }
        }
        (Some(Value::Array(running)), Some(Value::Array(shadow))) if depth < DEPTH_MAX => {
            for index in 0..running.len().max(shadow.len()) {
                let path = join(path, &index.to_string());
                let (running, shadow) = (running.get(index), shadow.get(index));
                compare(lines, &path, running, shadow, depth + 1);
            }
        }
        (running, shadow) => lines.push(format!("{path}: {}, not {}", text(shadow), text(running))),
    }
}

fn join(path: &str, key: &str) -> String {
    let key = cut(key);
    match path {
        "" => key,
        path => format!("{path}.{key}"),
    }
}

fn text(value: Option<&Value>) -> String {
    value.map_or("absent".to_owned(), |value| cut(&value.to_string()))
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(VALUE_SHOWN_CHARS_MAX).collect();
    if cut.len() < text.len() {
        cut.push_str("..");
    }
    cut.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differing(running: &Value, shadow: &Value) -> Option<String> {
        let bytes = |value: &Value| serde_json::to_vec(value).unwrap();
        differing_values(&bytes(running), &bytes(shadow))
    }

    #[test]
    fn each_value_of_a_map_has_a_line() {
        let running = json!({ "batch": "b", "scores": { "5A": 1.5, "5B": 2, "5C": 3 } });
        let shadow = json!({ "batch": "b", "scores": { "5A": 1.5, "5B": 4, "5D": 3 } });
        let lines = "values that differ: 3\n    scores.5B: 4, not 2\n    scores.5C: absent, not 3\n    scores.5D: 3, not absent";
        assert_eq!(differing(&running, &shadow).unwrap(), lines);
    }

    #[test]
    fn lists_are_compared_by_place() {
        let lines = "values that differ: 2\n    1: 3, not 2\n    2: absent, not {\"a\":1}";
        let found = differing(&json!([1, 2, { "a": 1 }]), &json!([1, 3]));
        assert_eq!(found.unwrap(), lines);
    }

    #[test]
    fn values_are_bounded_and_on_one_line() {
        let many = |value: u8| (0..300).map(move |key| (key.to_string(), json!(value)));
        let running = Value::Object(many(1).collect());
        let found = differing(&running, &Value::Object(many(2).collect())).unwrap();
        assert_eq!(found.lines().count(), 1 + VALUES_SHOWN_COUNT_MAX + 1);
        assert!(found.ends_with("\n    and 44 more"), "{found}");
        let long = differing(&json!({ "a\nb": "x" }), &json!({ "a\nb": "y".repeat(200) }));
        let long = long.unwrap();
        assert!(long.contains("a b: \"yyy") && long.len() < 200, "{long}");
    }

    #[test]
    fn deep_bodies_are_compared_whole() {
        let deep = |value: u8| (0..100).fold(json!(value), |inner, _| json!({ "a": inner }));
        let found = differing(&deep(1), &deep(2)).unwrap();
        assert!(
            found.starts_with("values that differ: 1\n    a.a.a"),
            "{found}"
        );
    }

    #[test]
    fn bodies_without_parts_are_left_to_others() {
        assert_eq!(differing(&json!(1), &json!(2)), None);
        assert_eq!(differing_values(b"{", b"{}"), None);
        assert_eq!(
            differing_values(br#"{"a":1,"b":2}"#, br#"{"b":2,"a":1}"#),
            None
        );
    }
}
