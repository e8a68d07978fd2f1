//! The fields of an object, taken one after the other.

use serde_json::{Map, Value};

use super::value::FromJson;
use crate::error::{FieldError, Reason, name_for_path, quote};

/// Treatment of fields that the schema of an object does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extra {
    /// `additionalProperties` is not stated: they are dropped.
    Ignored,
    /// `additionalProperties` is false.
    Rejected,
}

/// The fields of an object that are not taken yet.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn new(value: Value) -> Result<Self, FieldError> {
        Map::from_json(value).map(Self)
    }

    /// Takes a field, or what its absence means.
    pub(crate) fn take<T: FromJson>(&mut self, name: &str) -> Result<T, FieldError> {
        self.take_or(name, T::absent())
    }

    /// Takes a field, or `absent` in its place.
    pub(crate) fn take_or<T: FromJson>(
        &mut self,
        name: &str,
        absent: Option<T>,
    ) -> Result<T, FieldError> {
        match self.0.shift_remove(name) {
            Some(value) => T::from_json(value).map_err(|fault| fault.within(name)),
            None => absent.ok_or_else(|| FieldError::of(name, Reason::Missing)),
        }
    }

    /// Takes a field with one possible text. It may be absent: the reader of a union has seen it before.
    pub(crate) fn take_tag(
        &mut self,
        name: &str,
        expected: &'static [&'static str],
    ) -> Result<(), FieldError> {
        if !self.0.contains_key(name) {
            return Ok(());
        }
        let found: String = self.take(name)?;
        if expected.contains(&found.as_str()) {
            return Ok(());
        }
        let found = quote(&found);
        Err(FieldError::of(name, Reason::NotListed { found, expected }))
    }

    /// The fields that the schema does not have.
    pub(crate) fn into_rest(self) -> Map<String, Value> {
        self.0
    }

    /// Checks the fields that the schema does not have.
    pub(crate) fn finish(self, extra: Extra) -> Result<(), FieldError> {
        match self.0.keys().next() {
            Some(name) if extra == Extra::Rejected => {
                Err(FieldError::of(&name_for_path(name), Reason::UnknownField))
            }
            _ => Ok(()),
        }
    }
}
