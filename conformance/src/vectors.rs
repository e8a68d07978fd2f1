//! Files of vectors on disk.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The folder of this repository's own vectors.
pub(crate) fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")
}

/// Reads a JSON file.
pub(crate) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

/// Reads a file with a JSON value on each line, as a list.
pub(crate) fn read_lines(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let values: Result<Vec<ExactValue>, _> = lines.map(serde_json::from_str).collect();
    let values = values.map_err(|error| error.to_string())?;
    Ok(values.into_iter().map(|ExactValue(value)| value).collect())
}

/// A JSON value whose numbers are those of the text to the last bit. `serde_json` alone may read the number next to it.
#[derive(Debug)]
pub(crate) struct ExactValue(pub(crate) Value);

impl<'de> Deserialize<'de> for ExactValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        exact(raw.get()).map(Self).map_err(D::Error::custom)
    }
}

fn exact(text: &str) -> Result<Value, serde_json::Error> {
    Ok(match text.as_bytes().first() {
        Some(b'[') => {
            let items: Vec<ExactValue> = serde_json::from_str(text)?;
            items.into_iter().map(|ExactValue(item)| item).collect()
        }
        Some(b'{') => {
            let ExactObject(fields) = serde_json::from_str(text)?;
            fields.into()
        }
        _ => match serde_json::from_str(text)? {
            Value::Number(number) if number.is_f64() => {
                let number: f64 = text.parse().map_err(serde_json::Error::custom)?;
                number.into()
            }
            value => value,
        },
    })
}

/// An object in the order of its text.
struct ExactObject(Map<String, Value>);

impl<'de> Deserialize<'de> for ExactObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = ExactObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ExactObject, A::Error> {
                let mut fields = Map::new();
                while let Some((name, ExactValue(value))) = map.next_entry()? {
                    fields.insert(name, value);
                }
                Ok(ExactObject(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_the_last_bit() {
        let text =
            r#"{"b": [0.20000006258487701, 18446744073709551615], "a": {"c": -1e-7, "d": null}}"#;
        let ExactValue(value) = serde_json::from_str(text).unwrap();
        let numbers = &value["b"];
        assert_eq!(numbers[0].as_f64(), Some(0.20000006258487701));
        assert_eq!(numbers[1].as_u64(), Some(u64::MAX));
        assert_eq!(value["a"]["c"].as_f64(), Some(-1e-7));
        let names: Vec<_> = value.as_object().unwrap().keys().collect();
        assert_eq!(names, ["b", "a"]);
    }
}
