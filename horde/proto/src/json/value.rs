//! Values of the basic types.

use serde_json::{Map, Number, Value};

use crate::error::{FieldError, Reason};

/// A value that is read by the rules of its schema.
pub(crate) trait FromJson: Sized {
    /// The meaning of an absent field, or `None` if the field is required.
    fn absent() -> Option<Self> {
        None
    }

    /// Reads the value.
    fn from_json(value: Value) -> Result<Self, FieldError>;
}

/// A value that is written as the reference writes it.
pub(crate) trait ToJson {
    /// The value as JSON.
    fn to_json(&self) -> Value;
}

/// The JSON type of a value, with an article.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The fault of a value of another type than the schema's.
pub(crate) fn wrong_type(expected: &'static str, found: &Value) -> FieldError {
    FieldError::new(Reason::Type {
        expected,
        found: type_name(found),
    })
}

impl FromJson for String {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(wrong_type("a string", &other)),
        }
    }
}

impl ToJson for String {
    fn to_json(&self) -> Value {
        Value::String(self.clone())
    }
}

impl FromJson for bool {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        match value {
            Value::Bool(value) => Ok(value),
            other => Err(wrong_type("a boolean", &other)),
        }
    }
}

impl ToJson for bool {
    fn to_json(&self) -> Value {
        Value::Bool(*self)
    }
}

impl FromJson for i64 {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        read_integer(value, Self::MIN, Self::MAX as u64)
    }
}

impl ToJson for i64 {
    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl FromJson for u64 {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        read_integer(value, 0, Self::MAX)
    }
}

impl ToJson for u64 {
    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

fn read_integer<T: TryFrom<i128>>(value: Value, min: i64, max: u64) -> Result<T, FieldError> {
    let Value::Number(number) = value else {
        return Err(wrong_type("an integer", &value));
    };
    let Some(integer) = whole_number(&number) else {
        return Err(FieldError::new(Reason::Type {
            expected: "an integer",
            found: "a number with a fraction",
        }));
    };
    T::try_from(integer).map_err(|_| {
        FieldError::new(Reason::OutOfRange {
            found: number.to_string(),
            min,
            max,
        })
    })
}

/// The integer that a number is. JSON has one type of numbers: `53.0` is an integer, too.
fn whole_number(number: &Number) -> Option<i128> {
    let signed = number.as_i64().map(i128::from);
    let exact = signed.or_else(|| number.as_u64().map(i128::from));
    // The cast cuts off what is beyond 128 bits, which is beyond 64 bits all the same.
    let float = || number.as_f64().filter(|float| float.fract() == 0.0);
    exact.or_else(|| float().map(|float| float as i128))
}

/// Null and absent are the same.
impl<T: FromJson> FromJson for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }

    fn from_json(value: Value) -> Result<Self, FieldError> {
        match value {
            Value::Null => Ok(None),
            other => T::from_json(other).map(Some),
        }
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        T::from_json(value).map(Self::new)
    }
}

impl<T: ToJson> ToJson for Box<T> {
    fn to_json(&self) -> Value {
        T::to_json(self)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let Value::Array(items) = value else {
            return Err(wrong_type("a list", &value));
        };
        let items = items.into_iter().enumerate();
        items
            .map(|(index, item)| T::from_json(item).map_err(|fault| fault.within_index(index)))
            .collect()
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Value {
        Value::Array(self.iter().map(T::to_json).collect())
    }
}

impl FromJson for Map<String, Value> {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        match value {
            Value::Object(map) => Ok(map),
            other => Err(wrong_type("an object", &other)),
        }
    }
}

impl ToJson for Map<String, Value> {
    fn to_json(&self) -> Value {
        Value::Object(self.clone())
    }
}
