//! JSON by the rules of the schemas.
//!
//! The readers that serde derives accept more than a JSON Schema does (a list for an object, `{"none": null}` for the text
//! `"none"`), refuse what it allows (`53.0` for an integer, a name twice) and lose the path to a field below a tagged union.
//! So a message is read from a tree of values, field by field, and written as one. [`object`] has the macros that make both
//! directions from one list of fields.

mod bounded;
mod fields;
pub(crate) mod object;
mod surrogate;
mod value;

pub(crate) use bounded::{parse_text_field, parse_value};
pub(crate) use fields::{Extra, Fields};
pub(crate) use value::{FromJson, ToJson, type_name};

use serde_json::{Map, Value};

use crate::error::{FieldError, MessageError, quote};

/// The field that names a message.
pub(crate) const MESSAGE_TYPE: &str = "message_type";

/// The message that a frame holds, by its `message_type`.
pub(crate) fn parse_message<T>(
    text: &str,
    types: &'static [&'static str],
    read: impl FnOnce(&'static str, Map<String, Value>) -> Result<T, FieldError>,
) -> Result<T, MessageError> {
    let frame = parse_frame(text)?;
    let message = message_type(&frame, types)?;
    read(message, frame).map_err(|fault| MessageError::Field { message, fault })
}

/// The member of `types` that a frame names.
pub(crate) fn message_type(
    frame: &Map<String, Value>,
    types: &'static [&'static str],
) -> Result<&'static str, MessageError> {
    let Some(Value::String(found)) = frame.get(MESSAGE_TYPE) else {
        return Err(MessageError::NoType);
    };
    let known = types.iter().find(|known| *known == found);
    known.copied().ok_or_else(|| MessageError::UnknownType {
        found: quote(found),
    })
}

/// The object that a frame holds.
pub(crate) fn parse_frame(text: &str) -> Result<Map<String, Value>, MessageError> {
    match parse_value(text).map_err(MessageError::Json)? {
        Value::Object(frame) => Ok(frame),
        other => Err(MessageError::NotObject {
            found: type_name(&other),
        }),
    }
}

/// Adds fields that a schema does not have behind those that it has, whose names count.
pub(crate) fn append_extra(object: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (name, value) in extra {
        if !object.contains_key(name) {
            object.insert(name.clone(), value.clone());
        }
    }
}
