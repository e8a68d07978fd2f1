//! The signature of a user, as a part of the request.

use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::json::object::impl_serde;
use crate::json::{Extra, Fields, FromJson, ToJson};

/// The signature of a [`V2JobRequest`](super::V2JobRequest).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSignature {
    /// How it is made; `bittensor` is the only way known.
    pub signature_type: String,
    /// SS58 address of the signer.
    pub signatory: String,
    /// When it was made, in nanoseconds since 1970. Nothing says that a request is fresh: one can be sent again.
    pub timestamp_ns: u64,
    /// The signature in base64.
    pub signature: String,
}

impl FromJson for JobSignature {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let mut fields = Fields::new(value)?;
        let read = Self {
            signature_type: fields.take_or("signature_type", Some(String::new()))?,
            signatory: fields.take_or("signatory", Some(String::new()))?,
            timestamp_ns: fields.take_or("timestamp_ns", Some(0))?,
            signature: fields.take("signature")?,
        };
        fields.finish(Extra::Rejected)?;
        Ok(read)
    }
}

impl ToJson for JobSignature {
    fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value| object.insert(name.to_owned(), value);
        put("signature_type", self.signature_type.to_json());
        put("signatory", self.signatory.to_json());
        put("timestamp_ns", self.timestamp_ns.to_json());
        put("signature", self.signature.to_json());
        Value::Object(object)
    }
}

impl_serde!(JobSignature);
