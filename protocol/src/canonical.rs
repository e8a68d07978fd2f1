//! Canonical JSON, the text that is hashed (tig-api.md section 3).
//!
//! No spaces, UTF-8 unescaped, object keys sorted by bytes, except that objects inside an array, at any depth, keep
//! the order they have. Floats are printed as ryu prints them: `1e16`, not `1e+16`.

use serde_json::{Map, Number, Value};

/// The canonical text of `value`.
pub fn to_canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, KeyOrder::Sorted);
    out
}

/// The canonical text of an object.
pub(crate) fn object(map: &Map<String, Value>) -> String {
    let mut out = String::new();
    write_object(&mut out, map, KeyOrder::Sorted);
    out
}

/// `text` as a JSON string, quotes included.
pub(crate) fn string(text: &str) -> String {
    Value::from(text).to_string()
}

#[derive(Clone, Copy)]
enum KeyOrder {
    Sorted,
    AsIs,
}

fn write_value(out: &mut String, value: &Value, order: KeyOrder) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::String(text) => out.push_str(&string(text)),
        Value::Array(items) => write_list(out, ['[', ']'], items, |out, item| {
            write_value(out, item, KeyOrder::AsIs);
        }),
        Value::Object(map) => write_object(out, map, order),
    }
}

fn write_object(out: &mut String, map: &Map<String, Value>, order: KeyOrder) {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    if matches!(order, KeyOrder::Sorted) {
        entries.sort_unstable_by_key(|(key, _)| *key);
    }
    write_list(out, ['{', '}'], entries, |out, (key, value)| {
        out.push_str(&string(key));
        out.push(':');
        write_value(out, value, order);
    });
}

fn write_list<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    mut write_item: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_item(out, item);
    }
    out.push(close);
}

/// Newer releases of `serde_json` print a plus sign in the exponent, the one of the protocol does not.
fn number_text(number: &Number) -> String {
    let text = number.to_string();
    if number.is_f64() {
        text.replace("e+", "e")
    } else {
        text
    }
}
