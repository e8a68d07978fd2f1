//! Parts of a bucket's set-up: each is read, and set if it is not as it should be.

use horde_s3::{Endpoint, Method};

use super::step::Outcome;
use crate::s3::reason::Reason;
use crate::s3::remote::{Request, Signed};

/// A part, by its name in a query and the rights that it needs.
pub(super) struct Part {
    /// Name in the query.
    pub(super) name: &'static str,
    /// The right to read it.
    pub(super) read: &'static str,
    /// The right to set it.
    pub(super) write: &'static str,
}

/// What a part is.
pub(super) enum Present {
    /// The service knows no such part.
    Unknown,
    /// Nothing is set.
    Nothing,
    /// This is set.
    Text(String),
}

impl Part {
    /// Reads the part.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn read(&self, signed: &Signed<'_>, bucket: &Endpoint) -> Result<Present, Outcome> {
        let answer = signed.call(&Request::bucket(Method::Get, bucket, self.name))?;
        if answer.is_success() {
            return Ok(Present::Text(answer.text()));
        }
        match Reason::of(&answer) {
            Reason::Missing => Ok(Present::Unknown),
            Reason::Other(404, _) => Ok(Present::Nothing),
            reason => Err(Outcome::of_reason(&reason, self.read, &arn(bucket))),
        }
    }

    /// Sets the part.
    ///
    /// # Errors
    ///
    /// Why it is not set.
    pub(super) fn write(
        &self,
        signed: &Signed<'_>,
        bucket: &Endpoint,
        body: String,
    ) -> Result<(), Reason> {
        let request = Request::bucket(Method::Put, bucket, self.name).with_body(body);
        match signed.call(&request) {
            Ok(answer) if answer.is_success() => Ok(()),
            Ok(answer) => Err(Reason::of(&answer)),
            Err(error) => Err(Reason::NoAnswer(error)),
        }
    }

    /// The outcome of [`Part::write`].
    pub(super) fn outcome(&self, written: Result<(), Reason>, bucket: &Endpoint) -> Outcome {
        match written {
            Ok(()) => Outcome::done(""),
            Err(reason) => Outcome::of_reason(&reason, self.write, &arn(bucket)),
        }
    }
}

fn arn(bucket: &Endpoint) -> String {
    format!("arn:aws:s3:::{}", bucket.bucket())
}
