//! Signatures in headers, for requests of our own.

use sha2::{Digest, Sha256};

use crate::credentials::Credentials;
use crate::encoding::query_text;
use crate::method::Method;
use crate::signature::{ALGORITHM, Canonical, Scope};
use crate::time::AmzTime;

/// Stands for the hash of a body that is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// A request that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct ToSign<'a> {
    /// Its method.
    pub method: Method,
    /// The header `Host` as it is sent: see [`Endpoint::host`](crate::Endpoint::host).
    pub host: &'a str,
    /// The path as it is sent, in percent encoding: see [`Endpoint::object_path`](crate::Endpoint::object_path).
    pub path: &'a str,
    /// Names and values of the query, as they are before encoding; [`query_text`] writes the query that is to be sent.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers that are to be signed besides, with names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// [`payload_sha256`] of the body, or [`UNSIGNED_PAYLOAD`].
    pub payload_sha256: &'a str,
}

/// The hash of a body, in lower-case hexadecimal digits.
pub fn payload_sha256(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// The headers that sign a request, in lower case: `x-amz-date`, `x-amz-content-sha256`, `x-amz-security-token` for keys that
/// expire, and `authorization`. They are to be sent with `request.headers`, which they cover as they cover `host`.
///
/// `service` is `s3` or `iam`. IAM is called at the path `/` only: other paths are encoded twice outside of S3, which this does
/// not do.
pub fn sign_headers(
    request: &ToSign<'_>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    unix_seconds: i64,
) -> Vec<(String, String)> {
    let time = AmzTime::from_unix(unix_seconds);
    let mut added = vec![
        ("x-amz-content-sha256", request.payload_sha256),
        ("x-amz-date", time.as_str()),
    ];
    if let Some(token) = &credentials.session_token {
        added.push(("x-amz-security-token", token.as_str()));
    }
    let mut signed = [request.headers, &added, &[("host", request.host)]].concat();
    signed.sort_unstable();
    let names: Vec<_> = signed.iter().map(|(name, _)| *name).collect();
    let (names, lines) = (names.join(";"), canonical_headers(&signed));
    let date = time.date();
    let scope = Scope {
        date,
        region,
        service,
    };
    let canonical = Canonical {
        method: request.method.as_str(),
        path: request.path,
        query: &query_text(request.query),
        headers: &lines,
        signed_headers: &names,
        payload: request.payload_sha256,
    };
    let signature = canonical.sign(&credentials.secret_access_key, &time, &scope);
    let id = &credentials.access_key_id;
    let scope = scope.text();
    let authorization = format!(
        "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    added.push(("authorization", &authorization));
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    added.into_iter().map(owned).collect()
}

/// Sorted headers as they are signed: outer blanks are cut, and blanks in a row are one.
pub(crate) fn canonical_headers(headers: &[(&str, &str)]) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        lines.push_str(name);
        lines.push(':');
        let words = value.split(' ').filter(|word| !word.is_empty());
        lines.push_str(&words.collect::<Vec<_>>().join(" "));
        lines.push('\n');
    }
    lines
}
