//! Why a request is refused.

/// The rule that a request breaks. It holds no secret, but texts of the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The signature is of version 2, which regions opened since 2014 refuse.
    #[error("the signature is of version 2; only AWS4-HMAC-SHA256 is accepted")]
    VersionTwo,
    /// There is a signature in a header and another one in the query.
    #[error("only one signature is allowed, in the header Authorization or in the query")]
    TwoForms,
    /// A part is absent or cannot be read.
    #[error("the signature cannot be read: {fault}")]
    Malformed {
        /// What is wrong.
        fault: &'static str,
    },
    /// The signature is for another region.
    #[error("the region {found:?} is wrong; expecting {expected:?}")]
    Region {
        /// Where the bucket is.
        expected: String,
        /// The region of the signature.
        found: String,
    },
    /// No key has this id.
    #[error("the access key id {id:?} is unknown")]
    UnknownKey {
        /// The id.
        id: String,
    },
    /// The session token is absent, wrong or too much.
    #[error("the session token does not belong to the key")]
    Token,
    /// The clock of the client differs too much.
    #[error("the clock of the client is {seconds} s ahead (behind, if negative)")]
    Skewed {
        /// Seconds by which the client is ahead.
        seconds: i64,
    },
    /// The presigned URL is of the future.
    #[error("the URL was signed {seconds} s in the future")]
    NotYet {
        /// Seconds by which the client is ahead.
        seconds: i64,
    },
    /// The presigned URL has expired.
    #[error("the URL expired {seconds} s ago")]
    Expired {
        /// Seconds since then.
        seconds: i64,
    },
    /// The presigned URL is to live for no time or for too long.
    #[error("X-Amz-Expires must be from 1 to 604800")]
    Expires,
    /// A header that must be signed is not.
    #[error("the header {name:?} is not signed")]
    UnsignedHeader {
        /// Its name.
        name: String,
    },
    /// The hash of the body is absent or that of another body.
    #[error("x-amz-content-sha256 is not the hash of the body")]
    Payload,
    /// The key did not sign this.
    #[error("the signature does not match the request and the key")]
    Mismatch,
}
