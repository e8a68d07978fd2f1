//! Ways to spoil a good body, so that no reading of it is right.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// What is done to a good body.
#[derive(Debug, Clone)]
pub(super) enum Spoil {
    Truncate(Index),
    /// Puts a value of another type in some place.
    Retype(Index, Value),
    /// Takes a field out.
    Omit(Index),
    /// Names the first field twice.
    Repeat,
    /// Puts so many arrays into each other in some place.
    Nest(Index, usize),
    /// Puts bytes that are not UTF-8 somewhere.
    NotUtf8(Index),
    /// Goes on after the end.
    Trailing(String),
    Replace(Vec<u8>),
}

pub(super) fn spoil() -> impl Strategy<Value = Spoil> {
    let values = vec![
        json!(null),
        json!(true),
        json!(1.5),
        json!(1e300),
        json!(-1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("5"),
        json!([]),
        json!([[0]]),
        json!({}),
        json!({"settings": 1}),
    ];
    let place = any::<Index>;
    prop_oneof![
        3 => place().prop_map(Spoil::Truncate),
        6 => (place(), proptest::sample::select(values)).prop_map(|(at, value)| Spoil::Retype(at, value)),
        3 => place().prop_map(Spoil::Omit),
        1 => Just(Spoil::Repeat),
        1 => (place(), 1..20_000usize).prop_map(|(at, depth)| Spoil::Nest(at, depth)),
        2 => place().prop_map(Spoil::NotUtf8),
        1 => "[^ \t\r\n]{1,9}".prop_map(Spoil::Trailing),
        1 => any::<Vec<u8>>().prop_map(Spoil::Replace),
        1 => ".{0,20}".prop_map(|text| Spoil::Replace(json!(text).to_string().into_bytes())),
    ]
}

impl Spoil {
    pub(super) fn apply(&self, good: &Value) -> Vec<u8> {
        let mut body = good.clone();
        match self {
            Self::Truncate(at) => {
                let mut text = body.to_string().into_bytes();
                text.truncate(at.index(text.len()));
                return text;
            }
            Self::Retype(at, value) => {
                let pointer = pick(&body, *at, |_| true);
                let place = body.pointer_mut(&pointer).unwrap();
                *place = if same_type(place, value) {
                    Value::Null
                } else {
                    value.clone()
                };
            }
            Self::Omit(at) => {
                let pointer = pick(&body, *at, is_field);
                let (parent, field) = pointer.rsplit_once('/').unwrap();
                let parent = body.pointer_mut(parent).unwrap();
                parent.as_object_mut().unwrap().remove(field);
            }
            Self::Repeat => {
                let text = body.to_string();
                let (first, _) = text[1..].split_once(':').unwrap();
                return format!("{{{first}:null,{}", &text[1..]).into_bytes();
            }
            Self::Nest(at, depth) => {
                let pointer = pick(&body, *at, |_| true);
                *body.pointer_mut(&pointer).unwrap() = json!("nested");
                let nested = "[".repeat(*depth) + &"]".repeat(*depth);
                return body.to_string().replace("\"nested\"", &nested).into_bytes();
            }
            Self::NotUtf8(at) => {
                let mut text = body.to_string().into_bytes();
                text.insert(at.index(text.len()), 0xff);
                return text;
            }
            Self::Trailing(more) => return (body.to_string() + more).into_bytes(),
            Self::Replace(bytes) => return bytes.clone(),
        }
        body.to_string().into_bytes()
    }
}

fn same_type(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn is_field(pointer: &str) -> bool {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    name.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// One of the places in `body` that suit. What is inside a solution is the algorithm's business.
fn pick(body: &Value, at: Index, suits: impl Fn(&str) -> bool) -> String {
    let mut places = Vec::new();
    collect(body, String::new(), &mut places);
    places.retain(|place| suits(place));
    places.swap_remove(at.index(places.len()))
}

fn collect(value: &Value, pointer: String, places: &mut Vec<String>) {
    let inside_solution = pointer.ends_with("/solution");
    match value {
        Value::Object(fields) if !inside_solution => {
            for (name, value) in fields {
                collect(value, format!("{pointer}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, format!("{pointer}/{index}"), places);
            }
        }
        _ => (),
    }
    if !pointer.is_empty() {
        places.push(pointer);
    }
}
