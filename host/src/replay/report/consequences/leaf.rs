//! Finds the values in a JSON body, each with its path.
//!
//! `settings.size` is a member of an object. A list gives its `length` and the values of its members as `list[]`; so does an object
//! with very many members, whose keys are names of things. A short list of numbers is one value; if there are two, each is a number of
//! its own as well: `size[0]` and `size[1]`.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Levels of a body that are looked at.
const LEAF_DEPTH_MAX: usize = 8;

/// Members of a list that are looked at.
const LEAF_MEMBERS_COUNT_MAX: usize = 64;

/// An object with more members is a map of things.
const OBJECT_KEYS_COUNT_MAX: usize = 32;

/// Numbers of a list that is one value.
const VALUE_NUMBERS_COUNT_MAX: usize = 4;

/// Bytes of a path; what is deeper goes with its parent.
const PATH_BYTES_MAX: usize = 160;

/// Characters of a key in a path.
const KEY_CHARS_MAX: usize = 48;

/// Characters of a value.
const VALUE_CHARS_MAX: usize = 64;

/// Digits of a text that is a number.
const NUMBER_CHARS_MAX: usize = 64;

/// Ends of the paths of the numbers of a pair.
const PAIR_PARTS: [&str; 2] = ["[0]", "[1]"];

/// Path of a body that is a single value.
const WHOLE: &str = "(whole)";

/// A value without parts.
#[derive(Debug, PartialEq)]
pub(super) enum Leaf<'a> {
    /// A number, or a text that is one.
    Number(f64),
    /// Anything else.
    Text(Cow<'a, str>),
    /// A list of two numbers, with its text.
    Pair([f64; 2], String),
}

/// Whether a number is one of two that are a value together.
pub(in super::super) fn is_part_of_pair(path: &str) -> bool {
    PAIR_PARTS.iter().any(|part| path.ends_with(part))
}

/// Calls `visit` with each value of a body.
pub(super) fn visit_leaves(body: &Value, visit: &mut dyn FnMut(&str, Leaf<'_>)) {
    let mut path = String::new();
    walk(body, &mut path, 0, visit);
}

fn walk(value: &Value, path: &mut String, depth: usize, visit: &mut dyn FnMut(&str, Leaf<'_>)) {
    match value {
        Value::Object(members) if depth < LEAF_DEPTH_MAX => {
            walk_object(members, path, depth, visit);
        }
        Value::Array(members) => {
            if let Some(leaf) = short_list(members) {
                let pair = match leaf {
                    Leaf::Pair(pair, _) => Some(pair),
                    _ => None,
                };
                visit(shown_path(path), leaf);
                for (part, number) in PAIR_PARTS.iter().zip(pair.into_iter().flatten()) {
                    let before = path.len();
                    extend(path, "", part);
                    visit(path, Leaf::Number(number));
                    path.truncate(before);
                }
            } else if depth < LEAF_DEPTH_MAX {
                walk_members(members.len(), members.iter(), path, depth, visit);
            }
        }
        Value::Object(_) => {}
        Value::Number(number) => {
            if let Some(number) = number.as_f64().filter(|number| number.is_finite()) {
                visit(shown_path(path), Leaf::Number(number));
            }
        }
        Value::String(text) => visit(shown_path(path), text_leaf(text)),
        Value::Bool(true) => visit(shown_path(path), Leaf::Text("true".into())),
        Value::Bool(false) => visit(shown_path(path), Leaf::Text("false".into())),
        Value::Null => visit(shown_path(path), Leaf::Text("null".into())),
    }
}

fn walk_object(
    members: &Map<String, Value>,
    path: &mut String,
    depth: usize,
    visit: &mut dyn FnMut(&str, Leaf<'_>),
) {
    if members.len() > OBJECT_KEYS_COUNT_MAX {
        walk_members(members.len(), members.values(), path, depth, visit);
        return;
    }
    for (key, member) in members {
        let before = path.len();
        let separator = if path.is_empty() { "" } else { "." };
        let key = cut(key, KEY_CHARS_MAX);
        extend(path, separator, &key);
        walk(member, path, depth + 1, visit);
        path.truncate(before);
    }
}

fn walk_members<'a>(
    count: usize,
    members: impl Iterator<Item = &'a Value>,
    path: &mut String,
    depth: usize,
    visit: &mut dyn FnMut(&str, Leaf<'_>),
) {
    let before = path.len();
    let separator = if path.is_empty() { "" } else { "." };
    extend(path, separator, "length");
    visit(path, Leaf::Number(count as f64));
    path.truncate(before);
    extend(path, "", "[]");
    for member in members.take(LEAF_MEMBERS_COUNT_MAX) {
        walk(member, path, depth + 1, visit);
    }
    path.truncate(before);
}

fn extend(path: &mut String, separator: &str, part: &str) {
    if path.len() + separator.len() + part.len() <= PATH_BYTES_MAX {
        path.push_str(separator);
        path.push_str(part);
    }
}

fn shown_path(path: &str) -> &str {
    if path.is_empty() { WHOLE } else { path }
}

/// A list of a few numbers as one value.
fn short_list(members: &[Value]) -> Option<Leaf<'static>> {
    let is_short = (1..=VALUE_NUMBERS_COUNT_MAX).contains(&members.len());
    if !is_short || !members.iter().all(Value::is_number) {
        return None;
    }
    let texts: Vec<String> = members.iter().map(ToString::to_string).collect();
    let text = format!("[{}]", texts.join(","));
    if let [x, y] = members
        && let (Some(x), Some(y)) = (x.as_f64(), y.as_f64())
    {
        return Some(Leaf::Pair([x, y], text));
    }
    Some(Leaf::Text(text.into()))
}

fn text_leaf(text: &str) -> Leaf<'_> {
    match decimal(text) {
        Some(number) => Leaf::Number(number),
        None => Leaf::Text(cut(text, VALUE_CHARS_MAX)),
    }
}

/// The number that a text of digits is, with a sign and a point if it has them.
fn decimal(text: &str) -> Option<f64> {
    if text.len() > NUMBER_CHARS_MAX {
        return None;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_digits(whole) && is_digits(part))
        .then(|| text.parse().ok())
        .flatten()
}

fn cut(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn leaves(body: &Value) -> Vec<String> {
        let mut found = Vec::new();
        visit_leaves(body, &mut |path, leaf| {
            found.push(match leaf {
                Leaf::Number(number) => format!("{path} number {number}"),
                Leaf::Text(text) => format!("{path} text {text}"),
                Leaf::Pair([x, y], text) => format!("{path} pair {x} {y} {text}"),
            });
        });
        found
    }

    #[test]
    fn values_are_found_with_their_paths() {
        let body = json!({
            "settings": { "kind": "c3", "size": [54, 310], "on": true, "end": null },
            "fee": "0.250",
            "ids": ["-7", "x"],
            "sums": [1, 2, 3, 4, 5],
            "empty": [],
        });
        assert_eq!(
            leaves(&body)[..12],
            [
                "settings.kind text c3",
                "settings.size pair 54 310 [54,310]",
                "settings.size[0] number 54",
                "settings.size[1] number 310",
                "settings.on text true",
                "settings.end text null",
                "fee number 0.25",
                "ids.length number 2",
                "ids[] number -7",
                "ids[] text x",
                "sums.length number 5",
                "sums[] number 1",
            ]
        );
        assert_eq!(leaves(&body).last().unwrap(), "empty.length number 0");
        assert_eq!(leaves(&json!(7)), ["(whole) number 7"]);
    }

    #[test]
    fn texts_that_are_almost_numbers_are_texts() {
        let long = "1".repeat(NUMBER_CHARS_MAX + 1);
        for text in [
            "", "-", "1.", ".5", "1e5", "+1", "0x1", "1_000", "inf", &long,
        ] {
            assert!(matches!(text_leaf(text), Leaf::Text(_)), "{text}");
        }
    }

    #[test]
    fn odd_bodies_are_bounded() {
        let map: Map<String, Value> = (0..1_000)
            .map(|key| (format!("id{key}"), json!({ "n": 1 })))
            .collect();
        let found = leaves(&json!({ "map": map }));
        assert_eq!(found.len(), 1 + LEAF_MEMBERS_COUNT_MAX);
        assert_eq!(found[..2], ["map.length number 1000", "map[].n number 1"]);
        let deep = (0..100).fold(json!(1), |inner, _| json!({ "a": inner, "b": 1 }));
        assert_eq!(leaves(&deep).len(), LEAF_DEPTH_MAX);
        let long = json!({ "k".repeat(999): { "l".repeat(999): { "m".repeat(999): { "n".repeat(999): "v".repeat(999) } } } });
        assert!(leaves(&long)[0].len() < PATH_BYTES_MAX + VALUE_CHARS_MAX + 20);
    }
}
