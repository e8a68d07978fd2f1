//! The running validator, by its HTTP interface.

use horde_s3::Method;
use serde::Serialize;
use serde_json::Value;

use crate::http::{Answer, HttpError, Transport};

/// A running host.
pub(crate) struct Running<'a> {
    /// How requests are sent.
    pub(crate) transport: &'a dyn Transport,
    /// Its address and port.
    pub(crate) address: &'a str,
}

/// What its extensions say; `null` for those that it has not.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Asked {
    /// `GET /horde/status`.
    pub(crate) status: Value,
    /// `GET /horde/schedule`.
    pub(crate) schedule: Value,
    /// `GET /horde/weights`.
    pub(crate) weights: Value,
    /// `GET /horde/facilitator`.
    pub(crate) facilitator: Value,
    /// `GET /horde/pool`.
    pub(crate) pool: Value,
    /// `GET /horde/receipts`; with all miners in it, it is too long to be shown.
    #[serde(skip)]
    pub(crate) receipts: Value,
    /// `GET /operator/v1/conditions`: those of the host and of all extensions, the most severe first.
    pub(crate) conditions: Value,
}

impl Running<'_> {
    /// Asks all of them.
    pub(crate) fn ask(&self) -> Asked {
        Asked {
            status: self.get("horde/status"),
            schedule: self.get("horde/schedule"),
            weights: self.get("horde/weights"),
            facilitator: self.get("horde/facilitator"),
            pool: self.get("horde/pool"),
            receipts: self.get("horde/receipts"),
            conditions: self.get("operator/v1/conditions")["conditions"].take(),
        }
    }

    fn get(&self, path: &str) -> Value {
        let url = format!("http://{}/{path}", self.address);
        let answer: Result<Answer, HttpError> =
            self.transport.send(Method::Get, &url, &[], Vec::new());
        let answer = answer.ok().filter(Answer::is_success);
        let value = answer.and_then(|answer| serde_json::from_slice(&answer.body).ok());
        value.unwrap_or_default()
    }
}
