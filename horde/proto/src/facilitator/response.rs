//! The facilitator's answer to a message.

use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::json::object::{Listed, impl_serde, wire_enum};
use crate::json::{Extra, Fields, FromJson, ToJson, append_extra};

wire_enum! {
    /// Whether the facilitator has taken a message.
    pub enum ResponseStatus {
        /// It has not; the errors say why.
        Error = "error",
        /// It has.
        Success = "success",
    }
}

/// The answer to the validator's oldest message that has none yet: answers come in order and do not say what they answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Whether the message was taken.
    pub status: ResponseStatus,
    /// Why it was not.
    pub errors: Vec<ResponseError>,
}

/// Why the facilitator has not taken a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseError {
    /// The reason in words.
    pub msg: String,
    /// The kind: one of the constants of this type, or the name that a library of the facilitator has for the fault of a frame.
    pub kind: String,
    /// A remedy in words.
    pub help: String,
    /// Fields that the schema does not have.
    pub extra: Map<String, Value>,
}

impl ResponseError {
    /// The validator has not authenticated yet.
    pub const NOT_AUTHENTICATED: &'static str = "auth.not_authenticated";
    /// The validator has authenticated before.
    pub const ALREADY_AUTHENTICATED: &'static str = "auth.already_authenticated";
    /// The facilitator does not know the validator; it closes the connection.
    pub const VALIDATOR_NOT_FOUND: &'static str = "auth.validator_not_found";
    /// The signature is not one of the key by the key; the facilitator closes the connection.
    pub const SIGNATURE_INVALID: &'static str = "auth.signature_invalid";
    /// The facilitator does not know the job, perhaps not yet: a status that comes early is to be sent again.
    pub const JOB_NOT_FOUND: &'static str = "job.not_found";
    /// The job has had this status before, so that there is nothing left to do.
    pub const INTEGRITY_ERROR: &'static str = "job.integrity_error";
}

impl Listed for Response {
    const FIELDS: &'static [&'static str] = &["status", "errors"];
}

impl FromJson for Response {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let mut fields = Fields::new(value)?;
        let response = Self {
            status: fields.take("status")?,
            errors: fields.take_or("errors", Some(Vec::new()))?,
        };
        fields.finish(Extra::Rejected)?;
        Ok(response)
    }
}

impl ToJson for Response {
    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("status".to_owned(), self.status.to_json());
        object.insert("errors".to_owned(), self.errors.to_json());
        Value::Object(object)
    }
}

impl_serde!(Response);

impl FromJson for ResponseError {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let mut fields = Fields::new(value)?;
        Ok(Self {
            msg: fields.take("msg")?,
            kind: fields.take("type")?,
            help: fields.take_or("help", Some(String::new()))?,
            extra: fields.into_rest(),
        })
    }
}

impl ToJson for ResponseError {
    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("msg".to_owned(), self.msg.to_json());
        object.insert("type".to_owned(), self.kind.to_json());
        object.insert("help".to_owned(), self.help.to_json());
        append_extra(&mut object, &self.extra);
        Value::Object(object)
    }
}

impl_serde!(ResponseError);
