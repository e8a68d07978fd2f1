//! A log line with fields: ids, counts and reasons stand beside the text, so that programs need not parse it.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The value of a log field: anything that has a JSON form. Numbers and booleans stay what they are, texts are texts, and
/// the host writes everything else as the text of its JSON.
pub trait LogValue {
    /// The value as it is logged; null if there is no JSON form.
    fn to_json(&self) -> Value;
}

impl<T: Serialize + ?Sized> LogValue for T {
    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Fields of a log line: names and values.
pub type LogFields<'a> = [(&'a str, &'a dyn LogValue)];

/// The form of a log line that crosses the boundary for [`crate::abi::service::LOG_FIELDS`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct LogLine {
    /// The same for every line of its kind: ids, counts and reasons are fields.
    pub message: String,
    /// Names and values, in the author's order.
    pub fields: Vec<(String, Value)>,
}

impl LogLine {
    /// A line with these fields, without those that are null.
    #[must_use]
    pub fn new(message: &str, fields: &LogFields<'_>) -> Self {
        let fields = fields.iter();
        Self {
            message: message.to_owned(),
            fields: fields
                .map(|(name, value)| ((*name).to_owned(), value.to_json()))
                .filter(|(_, value)| !value.is_null())
                .collect(),
        }
    }

    /// The message with the fields behind it as `name=value`, for a host that knows only texts.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.fields {
            // Writing to a `String` cannot fail.
            let _ = write!(text, " {name}={value}");
        }
        text
    }
}
