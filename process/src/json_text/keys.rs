//! Keys that an object has twice. A parser takes the last one and says nothing.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::place::Place;

/// Characters of a key that are shown.
const KEY_SHOWN_CHARS_MAX: usize = 64;

/// A key that is given twice in an object.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key {key:?} is given twice ({first}, and {second}); remove one")]
pub struct Duplicate {
    /// The key.
    pub key: String,
    /// Where it is for the first time.
    pub first: Place,
    /// Where it is again.
    pub second: Place,
}

/// The first duplicate of `text`, which is valid JSON.
pub(super) fn duplicate(text: &str) -> Option<Duplicate> {
    let mut found = None;
    let keys = Keys {
        text,
        found: &mut found,
    };
    // Valid JSON, so that nothing but a duplicate ends this early.
    let _ = keys.deserialize(&mut serde_json::Deserializer::from_str(text));
    found
}

/// Walks through a value and looks at the keys of each object.
struct Keys<'a> {
    text: &'a str,
    found: &'a mut Option<Duplicate>,
}

impl Keys<'_> {
    fn inner(&mut self) -> Keys<'_> {
        Keys {
            text: self.text,
            found: self.found,
        }
    }

    fn place(&self, offset: usize) -> Place {
        Place::behind(self.text.get(..offset).unwrap_or(self.text))
    }
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut offsets: HashMap<String, usize> = HashMap::new();
        while let Some(raw) = map.next_key::<&RawValue>()? {
            // A part of the text itself, which gives its place.
            let offset = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
            let key: String = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
            if let Some(&first) = offsets.get(&key) {
                *self.found = Some(Duplicate {
                    key: key.chars().take(KEY_SHOWN_CHARS_MAX).collect(),
                    first: self.place(first),
                    second: self.place(offset),
                });
                return Err(serde::de::Error::custom("a duplicate"));
            }
            offsets.insert(key, offset);
            map.next_value_seed(self.inner())?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.inner())?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_places_of_a_repeated_key_are_named() {
        let text =
            "{\"a\": [null, true, 1.5, -1, \"b\", {\n  \"ä\": 1, \"b\": 2,\n \"\\u0062\": 3}]}";
        let found = duplicate(text).unwrap().to_string();
        assert_eq!(
            found,
            "the key \"b\" is given twice (line 2, column 11, and line 3, column 2); remove one"
        );
    }

    #[test]
    fn same_key_in_different_objects_is_allowed() {
        assert_eq!(
            duplicate(r#"{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}"#),
            None
        );
    }
}
