//! URLs of files.

use std::fmt;

use serde_json::Value;

use crate::error::FieldError;
use crate::json::object::impl_serde;
use crate::json::{FromJson, ToJson};

/// The place of a file. The schemas allow any text.
///
/// The query of a presigned URL is a secret: everybody who knows it may use the URL. `Debug` leaves it out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Url {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once('?') {
            Some((place, _)) => write!(formatter, "{:?}", format!("{place}?..")),
            None => write!(formatter, "{:?}", self.0),
        }
    }
}

impl FromJson for Url {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        String::from_json(value).map(Self)
    }
}

impl ToJson for Url {
    fn to_json(&self) -> Value {
        self.0.to_json()
    }
}

impl_serde!(Url);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_query() {
        let url = Url::from("http://s3/answers/a.json?X-Amz-Signature=abc");
        assert_eq!(format!("{url:?}"), r#""http://s3/answers/a.json?..""#);
        assert_eq!(url.as_str(), "http://s3/answers/a.json?X-Amz-Signature=abc");
    }
}
