//! Texts that a log must not have.

use std::fmt;

use serde_json::Value;

use crate::error::FieldError;
use crate::json::object::impl_serde;
use crate::json::{FromJson, ToJson};

/// A text that lets everybody who knows it act for its owner. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl FromJson for Secret {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        String::from_json(value).map(Self)
    }
}

impl ToJson for Secret {
    fn to_json(&self) -> Value {
        self.0.to_json()
    }
}

impl_serde!(Secret);
