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
    /// `GET /operator/v1/conditions`: those of the host and of all extensions, the most severe first; `null` if they cannot be read.
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
            conditions: self.conditions(),
        }
    }

    fn conditions(&self) -> Value {
        let mut answer = self.get("operator/v1/conditions");
        let conditions = answer.get_mut("conditions").map(Value::take);
        conditions.unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers everything with this text.
    struct Same(&'static str);

    impl Transport for Same {
        fn send(
            &self,
            _method: Method,
            _url: &str,
            _headers: &[(String, String)],
            _body: Vec<u8>,
        ) -> Result<Answer, HttpError> {
            Ok(Answer::new(200, &[], self.0))
        }
    }

    #[test]
    fn answer_of_another_program_has_no_conditions() {
        for (text, expected) in [
            (r#"{"conditions":[1]}"#, serde_json::json!([1])),
            ("[]", Value::Null),
            ("\"text\"", Value::Null),
            ("<html>", Value::Null),
        ] {
            let running = Running {
                transport: &Same(text),
                address: "127.0.0.1:1",
            };
            assert_eq!(running.ask().conditions, expected, "{text}");
        }
    }
}
