//! Records among many, of which an odd one must stop nobody.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A record, or `None` if it does not decode as a `T`. Decodes from JSON text only.
#[derive(Clone, Copy, Debug)]
pub struct Lenient<T>(pub Option<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record: &'de RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(record.get()).ok()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_odd_record_is_none_and_the_others_are_there() {
        let text = r#"{"a": 1, "b": {"odd": [true]}, "c": 3}"#;
        let records: BTreeMap<String, Lenient<u8>> = serde_json::from_str(text).unwrap();
        let values: Vec<Option<u8>> = records.into_values().map(|record| record.0).collect();
        assert_eq!(values, [Some(1), None, Some(3)]);
        assert!(serde_json::from_str::<BTreeMap<String, Lenient<u8>>>(r#"{"a": "#).is_err());
    }
}
