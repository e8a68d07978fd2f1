//! Numbers by executor class, as dynamic config writes them: `class=number,class=number` (sections 3.10 and 10.9).

use std::collections::BTreeMap;
use std::str::FromStr;

/// Why a text is not numbers by class. The earlier validator drops a pair with a fault, which switches the class off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseClassValuesError {
    /// A pair without `=`.
    #[error("pair {place}, {pair:?}, is not class=number")]
    Pair {
        /// Counted from 1.
        place: usize,
        /// Text of the pair.
        pair: String,
    },
    /// A number that is malformed, negative or infinite.
    #[error("the value {value:?} of class {class} is not a number from 0 up")]
    Value {
        /// The class.
        class: String,
        /// Text of the value.
        value: String,
    },
    /// A class that comes twice.
    #[error("class {class} comes twice")]
    Repeated {
        /// The class.
        class: String,
    },
}

/// A type of numbers from 0 up.
pub trait ClassValue: Copy + FromStr {
    /// Whether it is from 0 up.
    fn is_valid(self) -> bool;
}

impl ClassValue for f64 {
    fn is_valid(self) -> bool {
        self.is_finite() && self >= 0.0
    }
}

impl ClassValue for u32 {
    fn is_valid(self) -> bool {
        true
    }
}

/// The numbers of a text; none of an empty one. White space around classes and numbers does not count.
///
/// # Errors
///
/// [`ParseClassValuesError`] if any pair has a fault.
pub fn parse_class_values<T: ClassValue>(
    text: &str,
) -> Result<BTreeMap<String, T>, ParseClassValuesError> {
    let mut values = BTreeMap::new();
    if text.trim().is_empty() {
        return Ok(values);
    }
    for (index, pair) in text.split(',').enumerate() {
        let (class, value) = split(pair).ok_or_else(|| ParseClassValuesError::Pair {
            place: index + 1,
            pair: pair.to_owned(),
        })?;
        let number = value.parse().ok().filter(|number: &T| number.is_valid());
        let number = number.ok_or_else(|| ParseClassValuesError::Value {
            class: class.to_owned(),
            value: value.to_owned(),
        })?;
        if values.insert(class.to_owned(), number).is_some() {
            let class = class.to_owned();
            return Err(ParseClassValuesError::Repeated { class });
        }
    }
    Ok(values)
}

/// Class and value, neither of them empty.
fn split(pair: &str) -> Option<(&str, &str)> {
    let (class, value) = pair.split_once('=')?;
    let (class, value) = (class.trim(), value.trim());
    (!class.is_empty() && !value.is_empty()).then_some((class, value))
}
