//! How a value is read from JSON into its field, and written as text.

use std::collections::BTreeMap;

use horde_calc::score::{ClassValue, ParseClassValuesError, parse_class_values};
use horde_proto::ExecutorClass;
use serde_json::Value;

/// Characters of a faulty value that an error shows.
const SHOWN_CHARS_MAX: usize = 60;

/// The least and the largest number of a key, both allowed. Numbers by class are each within them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least one.
    pub min: f64,
    /// The largest one.
    pub max: f64,
}

/// Why a value cannot be that of its key.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ValueFault {
    /// It is of another type.
    #[error("{found} is not {expected}")]
    Type {
        /// The type of the key, with an article.
        expected: &'static str,
        /// The value, cut.
        found: String,
    },
    /// It is out of bounds.
    #[error("{found} is not from {} to {}", bounds.min, bounds.max)]
    Bounds {
        /// The number.
        found: f64,
        /// The bounds of the key.
        bounds: Bounds,
    },
    /// Numbers by class cannot be read.
    #[error(transparent)]
    Classes(#[from] ParseClassValuesError),
    /// There is no class of executors of this name.
    #[error("class {class:?} is unknown; classes are {}", classes())]
    UnknownClass {
        /// The name, cut.
        class: String,
    },
}

impl Bounds {
    fn check(self, found: f64) -> Result<(), ValueFault> {
        match self.min <= found && found <= self.max {
            true => Ok(()),
            false => Err(ValueFault::Bounds {
                found,
                bounds: self,
            }),
        }
    }
}

/// A field of [`crate::DynamicConfig`] that a key sets.
pub(crate) trait Held {
    /// The value as `constance` writes it.
    fn text(&self) -> String;

    /// Reads the value, which is left as it was if there is a fault.
    fn set(&mut self, value: &Value, bounds: Bounds) -> Result<(), ValueFault>;
}

impl Held for bool {
    fn text(&self) -> String {
        self.to_string()
    }

    fn set(&mut self, value: &Value, _bounds: Bounds) -> Result<(), ValueFault> {
        *self = value
            .as_bool()
            .ok_or_else(|| not_of_type(value, "true or false"))?;
        Ok(())
    }
}

impl Held for f64 {
    fn text(&self) -> String {
        self.to_string()
    }

    fn set(&mut self, value: &Value, bounds: Bounds) -> Result<(), ValueFault> {
        // An integer is a decimal, too: the reference refuses it and keeps the former value (section 10.9).
        let number = value
            .as_f64()
            .ok_or_else(|| not_of_type(value, "a number"))?;
        bounds.check(number)?;
        *self = number;
        Ok(())
    }
}

macro_rules! held_integers {
    ($($type:ty),+) => {
        $(impl Held for $type {
            fn text(&self) -> String {
                self.to_string()
            }

            fn set(&mut self, value: &Value, bounds: Bounds) -> Result<(), ValueFault> {
                let is_integer = value.is_i64() || value.is_u64();
                let number = value.as_f64().filter(|_| is_integer);
                let number = number.ok_or_else(|| not_of_type(value, "an integer"))?;
                bounds.check(number)?;
                let integer = value.as_u64().and_then(|integer| Self::try_from(integer).ok());
                *self = integer.ok_or(ValueFault::Bounds { found: number, bounds })?;
                Ok(())
            }
        })+
    };
}

held_integers!(u16, u32, u64);

impl<T: ClassValue + Into<f64> + std::fmt::Display> Held for BTreeMap<ExecutorClass, T> {
    fn text(&self) -> String {
        let pairs: Vec<_> = self
            .iter()
            .map(|(class, number)| format!("{class}={number}"))
            .collect();
        pairs.join(",")
    }

    fn set(&mut self, value: &Value, bounds: Bounds) -> Result<(), ValueFault> {
        let text = value
            .as_str()
            .ok_or_else(|| not_of_type(value, "a text class=number,class=number"))?;
        let mut read = Self::new();
        for (name, number) in parse_class_values::<T>(text)? {
            let class = name
                .parse()
                .map_err(|_| ValueFault::UnknownClass { class: cut(&name) })?;
            bounds.check(number.into())?;
            read.insert(class, number);
        }
        *self = read;
        Ok(())
    }
}

fn not_of_type(value: &Value, expected: &'static str) -> ValueFault {
    ValueFault::Type {
        expected,
        found: cut(&value.to_string()),
    }
}

/// The beginning of a text from outside.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}..", &text[..end]),
    }
}

fn classes() -> String {
    let names: Vec<_> = ExecutorClass::ALL.iter().map(|it| it.as_str()).collect();
    names.join(", ")
}
