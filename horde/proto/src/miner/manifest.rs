//! Manifests of miners: their executors.

use serde_json::Value;

use crate::error::FieldError;
use crate::executor_class::ExecutorClass;
use crate::json::object::{impl_serde, wire_object};
use crate::json::{FromJson, ToJson};

/// The class of executors in a manifest: its name, or an integer as before there were names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestClass {
    /// A class by name.
    Named(ExecutorClass),
    /// A class by number.
    Numbered(i64),
}

impl ManifestClass {
    /// The class, or `None` for a number other than 0, which is the default class.
    pub fn executor_class(self) -> Option<ExecutorClass> {
        match self {
            Self::Named(class) => Some(class),
            Self::Numbered(0) => Some(ExecutorClass::default()),
            Self::Numbered(_) => None,
        }
    }
}

impl FromJson for ManifestClass {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        match value {
            Value::Number(_) => i64::from_json(value).map(Self::Numbered),
            other => ExecutorClass::from_json(other).map(Self::Named),
        }
    }
}

impl ToJson for ManifestClass {
    fn to_json(&self) -> Value {
        match self {
            Self::Named(class) => class.to_json(),
            Self::Numbered(number) => number.to_json(),
        }
    }
}

impl_serde!(ManifestClass);

wire_object! {
    /// How many executors of one class a miner has.
    pub open struct ExecutorClassManifest {
        /// The class.
        pub executor_class: ManifestClass,
        /// How many. The schema has no bound: a negative count can be read.
        pub count: i64,
    }
}

wire_object! {
    /// How many executors a miner has.
    pub open struct ExecutorManifest {
        /// By class; the reference's schema does not rule out that a class comes twice.
        pub executor_classes: Vec<ExecutorClassManifest>,
    }
}

wire_object! {
    /// The executors of a miner, once after authentication.
    pub open struct ExecutorManifestRequest {
        tag message_type = "V0ExecutorManifestRequest",
        /// The offer.
        pub manifest: ExecutorManifest,
    }
}
