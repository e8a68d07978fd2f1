//! The other side: whether a request is signed, as a strict server sees it.

mod claim;
mod error;

pub use error::VerifyError;

use crate::credentials::Credentials;
use crate::presign::{EXPIRES_SECONDS_MAX, S3_SERVICE};
use crate::sign::{UNSIGNED_PAYLOAD, canonical_headers, payload_sha256};
use crate::signature::Canonical;
use claim::Claim;

/// Seconds by which the clocks of both sides may differ.
pub const SKEW_SECONDS_MAX: i64 = 900;

/// A request as it came.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path, still in percent encoding.
    pub path: &'a str,
    /// What stood behind `?`, or nothing.
    pub query: &'a str,
    /// Its headers, with names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// Its body.
    pub body: &'a [u8],
}

/// What a server expects of signatures.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The region where the bucket is; `None` takes that of the signature, for a bucket that is still to be made.
    pub region: Option<&'a str>,
    /// `s3` or `iam`.
    pub service: &'a str,
    /// The time of the server, in seconds since 1970.
    pub unix_seconds: i64,
}

/// Where a signature was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In the header `authorization`.
    Header,
    /// In the query: a presigned URL.
    Query,
}

/// A request with a good signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The key that signed.
    pub access_key_id: String,
    /// Where the signature was.
    pub form: Form,
    /// The region that it is for.
    pub region: String,
}

/// A request that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It has no signature.
    Anonymous,
    /// It has a good one.
    Signed(Signed),
}

/// Verifies the signature of a request, if it has one. `find` returns the key with an id.
///
/// Stricter than AWS: the body of a request that is signed by headers must be signed, too.
///
/// # Errors
///
/// [`VerifyError`] with the rule that the request breaks.
pub fn verify<'k>(
    received: &Received<'_>,
    rules: &Rules<'_>,
    find: impl FnOnce(&str) -> Option<&'k Credentials>,
) -> Result<Verified, VerifyError> {
    let Some(claim) = Claim::read(received)? else {
        return Ok(Verified::Anonymous);
    };
    let (scope, time) = (claim.scope()?, claim.time()?);
    if scope.date != time.0.date() {
        return Err(VerifyError::Malformed {
            fault: "the dates of credential and signature differ",
        });
    }
    if scope.service != rules.service {
        return Err(VerifyError::Malformed {
            fault: "the credential is for another service",
        });
    }
    if let Some(expected) = rules.region.filter(|region| *region != scope.region) {
        return Err(VerifyError::Region {
            expected: expected.to_owned(),
            found: scope.region.to_owned(),
        });
    }
    let id = claim.access_key_id()?;
    let key = find(id).ok_or_else(|| VerifyError::UnknownKey { id: id.to_owned() })?;
    if key.session_token.as_ref().map(|token| token.as_str()) != claim.token.as_deref() {
        return Err(VerifyError::Token);
    }
    check_time(&claim, time.1, rules.unix_seconds)?;
    let (names, lines) = signed_headers(&claim, received)?;
    let payload = payload(&claim, received, rules)?;
    let canonical = Canonical {
        method: received.method,
        path: &claim.path,
        query: &claim.query,
        headers: &lines,
        signed_headers: &names,
        payload: &payload,
    };
    let expected = canonical.sign(&key.secret_access_key, &time.0, &scope);
    if !is_same(&expected, &claim.signature) {
        return Err(VerifyError::Mismatch);
    }
    Ok(Verified::Signed(Signed {
        access_key_id: id.to_owned(),
        form: claim.form,
        region: scope.region.to_owned(),
    }))
}

fn check_time(claim: &Claim, signed: i64, now: i64) -> Result<(), VerifyError> {
    let age = now - signed;
    match claim.expires_seconds()? {
        None if age.abs() > SKEW_SECONDS_MAX => Err(VerifyError::Skewed { seconds: -age }),
        None => Ok(()),
        Some(0) => Err(VerifyError::Expires),
        Some(expires) if expires > EXPIRES_SECONDS_MAX => Err(VerifyError::Expires),
        Some(expires) if age > i64::from(expires) => {
            let seconds = age - i64::from(expires);
            Err(VerifyError::Expired { seconds })
        }
        Some(_) if -age > SKEW_SECONDS_MAX => Err(VerifyError::NotYet { seconds: -age }),
        Some(_) => Ok(()),
    }
}

/// The signed headers: their names, and they in canonical form. What could change the meaning must be among them.
fn signed_headers(claim: &Claim, received: &Received<'_>) -> Result<(String, String), VerifyError> {
    let mut names: Vec<_> = claim.signed_headers.split(';').collect();
    names.sort_unstable();
    names.dedup();
    let is_bound = |name: &str| name == "host" || name.starts_with("x-amz-");
    let mut unsigned = received.headers.iter().map(|(name, _)| *name);
    let unsigned = unsigned.find(|name| is_bound(name) && !names.contains(name));
    if let Some(name) = unsigned {
        let name = name.to_owned();
        return Err(VerifyError::UnsignedHeader { name });
    }
    let values: Vec<_> = names.iter().map(|name| header(received, name)).collect();
    let mut lines = Vec::with_capacity(names.len());
    for (name, value) in names.iter().zip(&values) {
        let value = value.as_deref().ok_or(VerifyError::Malformed {
            fault: "a signed header is absent",
        })?;
        lines.push((*name, value));
    }
    Ok((names.join(";"), canonical_headers(&lines)))
}

/// The values of a header, or `None` if the request does not have it.
fn header(received: &Received<'_>, name: &str) -> Option<String> {
    let of_name = received.headers.iter().filter(|(found, _)| *found == name);
    let values: Vec<_> = of_name.map(|(_, value)| *value).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// What stands for the body in the signature.
fn payload(
    claim: &Claim,
    received: &Received<'_>,
    rules: &Rules<'_>,
) -> Result<String, VerifyError> {
    if claim.form == Form::Query {
        return Ok(UNSIGNED_PAYLOAD.to_owned());
    }
    let hash = payload_sha256(received.body);
    match header(received, "x-amz-content-sha256") {
        Some(named) if named == hash => Ok(hash),
        None if rules.service != S3_SERVICE => Ok(hash),
        _ => Err(VerifyError::Payload),
    }
}

/// Compares in the same time wherever they differ.
fn is_same(expected: &str, found: &str) -> bool {
    let pairs = expected.bytes().zip(found.bytes());
    expected.len() == found.len() && pairs.fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}
