//! What the answer of a service says.

use std::time::UNIX_EPOCH;

use crate::xml;

/// The header, in lower case, in which a service names the region where the bucket really is.
pub const BUCKET_REGION_HEADER: &str = "x-amz-bucket-region";
/// Bytes of an error's body that are read; those of the services are below 2 KiB.
pub const ERROR_BYTES_MAX: usize = 64 << 10;

/// Why a service did not do what it was asked for. The texts are a foreigner's: quote them before a log or a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// The code of the error, such as `NoSuchBucket`; empty if the body is not one of S3 or IAM.
    pub code: String,
    /// What it says of it.
    pub message: String,
    /// The region where the bucket is, by the header or the body.
    pub region: Option<String>,
}

impl Complaint {
    /// Reads the body of an answer that is not a success, up to [`ERROR_BYTES_MAX`] bytes of it, and the value of its header
    /// [`BUCKET_REGION_HEADER`]. Answers to HEAD have no body, so that the header is all there is.
    pub fn read(region_header: Option<&str>, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(&body[..body.len().min(ERROR_BYTES_MAX)]);
        let error = xml::elements(&body, "Error").next().unwrap_or_default();
        let header = region_header
            .map(str::trim)
            .filter(|region| !region.is_empty());
        Self {
            code: xml::first(error, "Code").unwrap_or_default(),
            message: xml::first(error, "Message").unwrap_or_default(),
            region: header
                .map(str::to_owned)
                .or_else(|| xml::first(error, "Region")),
        }
    }

    /// Whether the clock of one side is wrong; see [`clock_skew_seconds`].
    pub fn is_clock(&self) -> bool {
        self.code == "RequestTimeTooSkewed"
    }
}

/// By how many seconds the clock of a server is ahead of `unix_seconds`, when its answer came, by the header `Date`: negative if
/// it is behind. The header has whole seconds, so that one second more or less means nothing.
pub fn clock_skew_seconds(date_header: &str, unix_seconds: i64) -> Option<i64> {
    let date = httpdate::parse_http_date(date_header).ok()?;
    let server = date.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(i64::try_from(server).ok()?.saturating_sub(unix_seconds))
}
