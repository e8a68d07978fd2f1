//! Maps of texts.

use std::fmt;
use std::ops::{Deref, DerefMut};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::error::{FieldError, name_for_path};
use crate::json::object::impl_serde;
use crate::json::{FromJson, ToJson};

/// Names and texts, in the order in which they came, since signatures cover the order.
///
/// The texts may be secrets: environment variables, or the policy of a presigned POST. `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct TextMap(IndexMap<String, String>);

/// Equal maps have the same order.
impl PartialEq for TextMap {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().eq(other.0.iter())
    }
}

impl Eq for TextMap {}

impl Deref for TextMap {
    type Target = IndexMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for TextMap {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(String, String)> for TextMap {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(entries: T) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl fmt::Debug for TextMap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromJson for TextMap {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let entries = Map::from_json(value)?.into_iter();
        let entries = entries.map(|(name, value)| match String::from_json(value) {
            Ok(text) => Ok((name, text)),
            Err(fault) => Err(fault.within(&name_for_path(&name))),
        });
        entries.collect()
    }
}

impl ToJson for TextMap {
    fn to_json(&self) -> Value {
        let entries = self.0.iter();
        let entries = entries.map(|(name, text)| (name.clone(), text.to_json()));
        Value::Object(entries.collect())
    }
}

impl_serde!(TextMap);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_has_the_names_only() {
        let map = TextMap::from_iter([("TOKEN".to_owned(), "secret".to_owned())]);
        assert_eq!(format!("{map:?}"), r#"{"TOKEN"}"#);
    }
}
