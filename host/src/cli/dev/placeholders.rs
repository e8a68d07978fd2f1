//! Places in texts that stand for values known only when programs run: `{{name}}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Values by the names of their places.
pub(super) type Values = BTreeMap<String, String>;

/// Values of one JSON text.
const FLAT_VALUES_MAX: usize = 1_000;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// A place for which there is no value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{OPEN}{name}{CLOSE} has no value; known are {known}")]
pub(super) struct UnknownPlace {
    /// What stands between the braces.
    pub(super) name: String,
    known: String,
}

/// `text` with values in their places.
pub(super) fn fill(text: &str, values: &Values) -> Result<String, UnknownPlace> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        let Some((name, after)) = behind.split_once(CLOSE) else {
            break;
        };
        let name = name.trim();
        let value = values.get(name).ok_or_else(|| unknown(name, values))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// `value` with every text and key in it filled.
pub(super) fn fill_json(value: &Value, values: &Values) -> Result<Value, UnknownPlace> {
    Ok(match value {
        Value::String(text) => fill(text, values)?.into(),
        Value::Array(items) => {
            let items = items.iter().map(|item| fill_json(item, values));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(object) => Value::Object(fill_object(object, values)?),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

/// As [`fill_json`].
pub(super) fn fill_object(
    object: &Map<String, Value>,
    values: &Values,
) -> Result<Map<String, Value>, UnknownPlace> {
    let members = object.iter();
    members
        .map(|(key, value)| Ok((fill(key, values)?, fill_json(value, values)?)))
        .collect()
}

/// Texts and numbers in `value` by their paths, such as `list.0.name`.
pub(super) fn flat(value: &Value) -> Values {
    let mut values = Values::new();
    add_flat(value, "", &mut values);
    values
}

fn add_flat(value: &Value, path: &str, values: &mut Values) {
    let below = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    if values.len() == FLAT_VALUES_MAX {
        return;
    }
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(name, value)| add_flat(value, &below(name), values)),
        Value::Array(items) => (0_usize..)
            .zip(items)
            .for_each(|(index, value)| add_flat(value, &below(&index.to_string()), values)),
        Value::String(text) => drop(values.insert(path.to_owned(), text.clone())),
        Value::Number(number) => drop(values.insert(path.to_owned(), number.to_string())),
        Value::Null | Value::Bool(_) => {}
    }
}

fn unknown(name: &str, values: &Values) -> UnknownPlace {
    let known: Vec<&str> = values.keys().map(String::as_str).collect();
    UnknownPlace {
        name: name.to_owned(),
        known: known.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values() -> Values {
        let pairs = [("a", "1"), ("b.address", "127.0.0.1:2")];
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn places_are_filled_in_texts_and_keys() {
        let value = json!({ "x{{a}}": ["http://{{ b.address }}/{{a}}", 3, "{{open"] });
        let filled = fill_json(&value, &values()).unwrap();
        assert_eq!(
            filled,
            json!({ "x1": ["http://127.0.0.1:2/1", 3, "{{open"] })
        );
    }

    #[test]
    fn values_of_json_have_their_paths() {
        let flat = flat(&json!({ "a": [{ "b": "x" }, 2, null], "c": true }));
        let expected = [("a.0.b", "x"), ("a.1", "2")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(flat, Values::from(expected));
    }

    #[test]
    fn unknown_place_is_named() {
        let error = fill("{{a}} {{c}}", &values()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "{{c}} has no value; known are a, b.address"
        );
    }
}
