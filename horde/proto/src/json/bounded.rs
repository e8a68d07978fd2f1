//! The reader of JSON texts, with a bound on their values.
//!
//! The bytes of a text do not bound the memory of its tree: `0,` takes 2 bytes, and a [`Value`] about 70. A long string is one value.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::surrogate::replace_lone_surrogates;

/// Values of a text at most: lists and objects count, and all that is in them. An honest message, with the specs of a large machine,
/// has some hundred. A tree of so many takes no more memory than the longest frame of a miner.
const VALUES_COUNT_MAX: usize = 100_000;

/// The JSON value of a text. Lone surrogates become U+FFFD, and of equal names the last one counts.
pub(crate) fn parse_value(text: &str) -> Result<Value, serde_json::Error> {
    let text = replace_lone_surrogates(text);
    let mut json = serde_json::Deserializer::from_str(&text);
    let count = Cell::new(0);
    let value = BoundedValue { count: &count }.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// The text in a field of an object, also if [`parse_value`] refuses the object because another field holds too much.
pub(crate) fn parse_text_field(text: &str, name: &str) -> Option<String> {
    let text = replace_lone_surrogates(text);
    let mut json = serde_json::Deserializer::from_str(&text);
    let field = json.deserialize_map(TextField { name }).ok()?;
    json.end().ok()?;
    field
}

/// Reads a value as [`Value`] does, and counts.
#[derive(Clone, Copy)]
struct BoundedValue<'a> {
    count: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for BoundedValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.count.get() >= VALUES_COUNT_MAX {
            let fault = format_args!("there are more than {VALUES_COUNT_MAX} values");
            return Err(D::Error::custom(fault));
        }
        self.count.set(self.count.get() + 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BoundedValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = object.next_key()? {
            fields.insert(name, object.next_value_seed(self)?);
        }
        Ok(Value::Object(fields))
    }
}

/// Reads one field and skips the others, which takes no memory.
struct TextField<'a> {
    name: &'a str,
}

impl<'de> Visitor<'de> for TextField<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Option<String>, A::Error> {
        let mut text = None;
        while let Some(name) = object.next_key::<String>()? {
            if name == self.name {
                let count = Cell::new(0);
                text = match object.next_value_seed(BoundedValue { count: &count })? {
                    Value::String(text) => Some(text),
                    _ => None,
                };
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(text)
    }
}
