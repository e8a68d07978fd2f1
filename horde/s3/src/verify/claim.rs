//! What a request says of its own signature, in either form.

use super::{Form, Received, VerifyError};
use crate::encoding::{percent_decode, percent_encode, push_encoded, sorted_query};
use crate::signature::{ALGORITHM, SCOPE_END, Scope};
use crate::time::AmzTime;

const SIGNATURE: &str = "X-Amz-Signature";
/// Bytes of a query that are read.
const QUERY_BYTES_MAX: usize = 16 << 10;

/// A signature, not yet verified, and the request in canonical form.
pub(super) struct Claim {
    pub(super) form: Form,
    credential: String,
    time: String,
    /// `None` in headers.
    expires: Option<String>,
    pub(super) signed_headers: String,
    pub(super) signature: String,
    pub(super) token: Option<String>,
    pub(super) path: String,
    pub(super) query: String,
}

const fn malformed(fault: &'static str) -> VerifyError {
    VerifyError::Malformed { fault }
}

impl Claim {
    /// The claim of a request, or `None` if it is anonymous.
    pub(super) fn read(received: &Received<'_>) -> Result<Option<Self>, VerifyError> {
        let pairs = pairs(received.query)?;
        let authorization = received.headers.iter();
        let mut authorization = authorization.filter(|(name, _)| *name == "authorization");
        let header = authorization.next().map(|(_, value)| *value);
        if authorization.next().is_some() {
            return Err(VerifyError::TwoForms);
        }
        if pairs.iter().any(|(name, _)| name == "AWSAccessKeyId") {
            return Err(VerifyError::VersionTwo);
        }
        let is_query = pairs.iter().any(|(name, _)| is_signing(name));
        let path = canonical_path(received.path)?;
        match (header, is_query) {
            (None, false) => Ok(None),
            (Some(_), true) => Err(VerifyError::TwoForms),
            (Some(header), false) => Self::of_header(header, received, path, &pairs).map(Some),
            (None, true) => Self::of_query(path, &pairs).map(Some),
        }
    }

    fn of_query(path: String, pairs: &[(String, String)]) -> Result<Self, VerifyError> {
        let optional = |name: &str| {
            let mut values = pairs.iter().filter(|(found, _)| found == name);
            let value = values.next().map(|(_, value)| value.clone());
            match values.next() {
                Some(_) => Err(malformed("a parameter of the query comes twice")),
                None => Ok(value),
            }
        };
        let required =
            |name: &str| optional(name)?.ok_or(malformed("a parameter of the query is absent"));
        if required("X-Amz-Algorithm")? != ALGORITHM {
            return Err(malformed("the algorithm is not AWS4-HMAC-SHA256"));
        }
        let signed = pairs.iter().filter(|(name, _)| name != SIGNATURE);
        Ok(Self {
            form: Form::Query,
            credential: required("X-Amz-Credential")?,
            time: required("X-Amz-Date")?,
            expires: Some(required("X-Amz-Expires")?),
            signed_headers: required("X-Amz-SignedHeaders")?,
            signature: required(SIGNATURE)?,
            token: optional("X-Amz-Security-Token")?,
            path,
            query: canonical_query(signed),
        })
    }

    fn of_header(
        header: &str,
        received: &Received<'_>,
        path: String,
        pairs: &[(String, String)],
    ) -> Result<Self, VerifyError> {
        if header.starts_with("AWS ") {
            return Err(VerifyError::VersionTwo);
        }
        let parts = header.strip_prefix(ALGORITHM);
        let parts = parts.ok_or(malformed("the algorithm is not AWS4-HMAC-SHA256"))?;
        let parts: Vec<_> = parts.split(',').map(str::trim).collect();
        let [credential, signed_headers, signature] = parts[..] else {
            return Err(malformed("Authorization must have three parts"));
        };
        let value = |part: &str, name: &str| {
            let value = part.strip_prefix(name).map(str::to_owned);
            value.ok_or(malformed(
                "Authorization must have Credential, SignedHeaders and Signature",
            ))
        };
        let time = super::header(received, "x-amz-date");
        Ok(Self {
            form: Form::Header,
            credential: value(credential, "Credential=")?,
            time: time.ok_or(malformed("the header x-amz-date is absent"))?,
            expires: None,
            signed_headers: value(signed_headers, "SignedHeaders=")?,
            signature: value(signature, "Signature=")?,
            token: super::header(received, "x-amz-security-token"),
            path,
            query: canonical_query(pairs.iter()),
        })
    }

    /// The id may have slashes, the scope behind it has four parts.
    fn credential(&self) -> Result<(&str, Scope<'_>), VerifyError> {
        let mut parts = self.credential.rsplitn(5, '/');
        let mut part = || {
            let part = parts.next().filter(|part| !part.is_empty());
            part.ok_or(malformed(
                "the credential must be ID/DATE/REGION/SERVICE/aws4_request",
            ))
        };
        let (end, service, region, date, id) = (part()?, part()?, part()?, part()?, part()?);
        if end != SCOPE_END {
            return Err(malformed("the credential must end with aws4_request"));
        }
        let scope = Scope {
            date,
            region,
            service,
        };
        Ok((id, scope))
    }

    pub(super) fn scope(&self) -> Result<Scope<'_>, VerifyError> {
        Ok(self.credential()?.1)
    }

    pub(super) fn access_key_id(&self) -> Result<&str, VerifyError> {
        Ok(self.credential()?.0)
    }

    /// The time of the signature, also in seconds since 1970.
    pub(super) fn time(&self) -> Result<(AmzTime, i64), VerifyError> {
        let time = AmzTime::parse(&self.time);
        time.ok_or(malformed("the date must be as 20241128T150312Z"))
    }

    /// How long a presigned URL lives.
    pub(super) fn expires_seconds(&self) -> Result<Option<u32>, VerifyError> {
        let Some(text) = &self.expires else {
            return Ok(None);
        };
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = text.parse().ok().filter(|_| is_number);
        seconds.map(Some).ok_or(VerifyError::Expires)
    }
}

fn is_signing(name: &str) -> bool {
    const NAMES: [&str; 4] = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        SIGNATURE,
    ];
    NAMES.contains(&name)
}

/// Names and values of a query, decoded.
fn pairs(query: &str) -> Result<Vec<(String, String)>, VerifyError> {
    if query.len() > QUERY_BYTES_MAX {
        return Err(malformed("the query is too long"));
    }
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((percent_decode(name)?, percent_decode(value)?))
    });
    let pairs: Option<Vec<_>> = pairs.collect();
    pairs.ok_or(malformed("the query has a broken percent sign"))
}

fn canonical_query<'a>(pairs: impl Iterator<Item = &'a (String, String)>) -> String {
    let encoded = |(name, value): &(String, String)| (percent_encode(name), percent_encode(value));
    sorted_query(pairs.map(encoded).collect())
}

/// The path as a signer writes it, whatever else the client left as it was.
fn canonical_path(path: &str) -> Result<String, VerifyError> {
    let plain = percent_decode(path).ok_or(malformed("the path has a broken percent sign"))?;
    let mut canonical = String::with_capacity(path.len());
    push_encoded(&mut canonical, plain.as_bytes(), true);
    Ok(canonical)
}
