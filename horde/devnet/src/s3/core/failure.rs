//! Answers that are errors.

use horde_s3::xml::escape;
use horde_s3::{BUCKET_REGION_HEADER, Form, VerifyError};

use super::reply::S3Reply;
use crate::s3::call::S3Call;
use crate::s3::fault::S3FaultKind;

/// The region of the fault `wrong-region`.
const OTHER_REGION: &str = "eu-south-2";

/// Why a request fails.
#[derive(Debug)]
pub(super) struct Failure {
    status: u16,
    pub(super) code: &'static str,
    message: String,
    /// Where the bucket is.
    region: Option<String>,
}

impl Failure {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            region: None,
        }
    }

    pub(super) fn denied() -> Self {
        Self::new(403, "AccessDenied", "Access Denied")
    }

    pub(super) fn no_bucket() -> Self {
        Self::new(404, "NoSuchBucket", "The specified bucket does not exist")
    }

    pub(super) fn invalid_bucket() -> Self {
        let message = "The specified bucket is not valid.";
        Self::new(400, "InvalidBucketName", message)
    }

    pub(super) fn no_key() -> Self {
        Self::new(404, "NoSuchKey", "The specified key does not exist.")
    }

    pub(super) fn malformed_xml() -> Self {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        Self::new(400, "MalformedXML", message)
    }

    pub(super) fn moved(region: &str) -> Self {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. \
            Please send all future requests to this endpoint.";
        Self::new(301, "PermanentRedirect", message).in_region(region)
    }

    /// The same, naming the region of the bucket.
    pub(super) fn in_region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// The answer that a fault gives.
    pub(super) fn of_fault(kind: S3FaultKind, argument: i64) -> Option<Self> {
        let failure = match kind {
            S3FaultKind::Forbidden => Self::denied(),
            S3FaultKind::WrongRegion => Self::moved(OTHER_REGION),
            S3FaultKind::BucketDeleted => Self::no_bucket(),
            S3FaultKind::NoPathStyle => {
                let message = "Please use virtual hosted style to access.";
                Self::new(403, "SecondLevelDomainForbidden", message)
            }
            S3FaultKind::Status if argument == 503 => {
                Self::new(503, "SlowDown", "Please reduce your request rate.")
            }
            S3FaultKind::Status => {
                let status = u16::try_from(argument).unwrap_or(500);
                let message = "We encountered an internal error. Please try again.";
                Self::new(status, "InternalError", message)
            }
            _ => return None,
        };
        Some(failure)
    }

    /// Why a signature is refused.
    pub(super) fn of_signature(error: &VerifyError, form: Form, home: &str) -> Self {
        let malformed = match form {
            Form::Header => "AuthorizationHeaderMalformed",
            Form::Query => "AuthorizationQueryParametersError",
        };
        let (status, code) = match error {
            VerifyError::Region { expected, found } if found == home => {
                return Self::moved(expected);
            }
            VerifyError::Region { expected, .. } => {
                return Self::new(400, malformed, error.to_string()).in_region(expected);
            }
            VerifyError::VersionTwo => (400, "InvalidRequest"),
            VerifyError::TwoForms => (400, "InvalidArgument"),
            VerifyError::Malformed { .. } | VerifyError::Expires => (400, malformed),
            VerifyError::UnknownKey { .. } => (403, "InvalidAccessKeyId"),
            VerifyError::Token => (400, "InvalidToken"),
            VerifyError::Skewed { .. } => (403, "RequestTimeTooSkewed"),
            VerifyError::NotYet { .. }
            | VerifyError::Expired { .. }
            | VerifyError::UnsignedHeader { .. } => (403, "AccessDenied"),
            VerifyError::Payload => (400, "XAmzContentSHA256Mismatch"),
            VerifyError::Mismatch => (403, "SignatureDoesNotMatch"),
        };
        let message = match error {
            VerifyError::Expired { .. } => "Request has expired".to_owned(),
            VerifyError::NotYet { .. } => "Request is not valid yet".to_owned(),
            _ => error.to_string(),
        };
        Self::new(status, code, message)
    }

    /// The answer; `number` names the request.
    pub(super) fn reply(&self, call: S3Call, number: u64) -> S3Reply {
        let region = self.region.as_deref();
        let region_element = region.map_or(String::new(), |region| {
            format!("<Region>{}</Region>", escape(region))
        });
        let (code, message) = (self.code, escape(&self.message));
        let body = match call {
            S3Call::Iam => format!(
                "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
                 <Code>{code}</Code><Message>{message}</Message></Error><RequestId>{number}</RequestId></ErrorResponse>"
            ),
            _ => format!(
                "<Error><Code>{code}</Code><Message>{message}</Message>{region_element}\
                 <RequestId>{number}</RequestId></Error>"
            ),
        };
        let mut reply = S3Reply::xml(self.status, &body);
        if let Some(region) = region {
            reply
                .headers
                .push((BUCKET_REGION_HEADER, region.to_owned()));
        }
        reply
    }
}
