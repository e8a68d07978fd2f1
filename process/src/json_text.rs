//! JSON that a person has written: stricter than a parser about what may be a slip, and plainer about what is wrong.
//!
//! Invariant: an error holds nothing of the text but a key that is given twice.

mod keys;
mod slip;

use serde_json::{Number, Value};

pub use self::keys::Duplicate;
pub use self::slip::Slip;
use crate::place::Place;

/// Largest number up to which a float holds every whole number: 2^53.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Why a text is not a JSON document.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// A slip that people make.
    #[error("{slip} ({place})")]
    Slip {
        /// Kind of the slip.
        slip: Slip,
        /// Place of the slip.
        place: Place,
    },
    /// Any other fault, in the parser's words.
    #[error("{0}")]
    Syntax(serde_json::Error),
    /// An object has the same key more than once.
    #[error(transparent)]
    Duplicate(#[from] Duplicate),
}

/// Checks that `text` is one JSON document without a key that is given twice.
///
/// # Errors
///
/// See [`JsonError`].
pub fn check(text: &str) -> Result<(), JsonError> {
    parse(text).map(drop)
}

/// The value of `text`. A whole number counts as one, however it is written: `5115.0` is `5115`.
///
/// # Errors
///
/// See [`JsonError`].
pub fn parse(text: &str) -> Result<Value, JsonError> {
    if text.trim().is_empty() {
        return Err(JsonError::Empty);
    }
    let mut value = serde_json::from_str(text).map_err(|error| match slip::find(text, &error) {
        Some((slip, place)) => JsonError::Slip { slip, place },
        None => JsonError::Syntax(error),
    })?;
    if let Some(duplicate) = keys::duplicate(text) {
        return Err(duplicate.into());
    }
    write_whole_numbers(&mut value);
    Ok(value)
}

fn write_whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(write_whole_numbers),
        Value::Object(object) => object.values_mut().for_each(write_whole_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The integer that a float is.
fn whole(number: &Number) -> Option<Number> {
    if !number.is_f64() {
        return None;
    }
    let float = number.as_f64()?;
    let is_whole = float.fract() == 0.0 && float.abs() <= WHOLE_MAX;
    is_whole.then(|| Number::from(float as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_whole_however_written() {
        let value = parse(r#"{"a": [5115.0, 5e3, -0.0, 1.5, 1e300, 7], "b": "2.0"}"#).unwrap();
        let expected = r#"{"a":[5115,5000,0,1.5,1e+300,7],"b":"2.0"}"#;
        assert_eq!(value.to_string(), expected);
    }

    #[test]
    fn parser_words_are_kept_for_other_faults() {
        let error = parse("{\"a\": 1").unwrap_err();
        assert!(matches!(error, JsonError::Syntax(_)), "{error:?}");
        let text = error.to_string();
        assert_eq!(text, "EOF while parsing an object at line 1 column 7");
    }

    #[test]
    fn empty_text_and_repeated_key_are_not_json() {
        let error = parse(" \r\n").unwrap_err();
        assert!(matches!(error, JsonError::Empty), "{error:?}");
        assert_eq!(error.to_string(), "it is empty");
        let error = check("{\"a\": {\"b\": 1,\n\"b\": 2}}").unwrap_err();
        assert!(matches!(error, JsonError::Duplicate(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("b") && text.contains("line 2"), "{text}");
    }
}
