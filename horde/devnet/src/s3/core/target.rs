//! What a request asks for.

use horde_s3::percent_decode;

use super::S3Request;
use super::failure::Failure;
use crate::s3::call::S3Call;

/// Bytes of a key, as at AWS.
const OBJECT_KEY_BYTES_MAX: usize = 1_024;
/// Bytes of what stands for a bucket, which may be an impossible name.
const BUCKET_NAME_BYTES_MAX: usize = 255;
/// Parameters of signatures, also of version 2, and of clients' own book-keeping begin with these.
const PASSED_PARAMETERS: [&str; 5] = ["X-Amz-", "AWSAccessKeyId", "Signature", "Expires", "x-id"];

/// What a request is for.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) call: S3Call,
    /// Empty for the whole service.
    pub(super) bucket: String,
    /// Empty for the whole bucket.
    pub(super) key: String,
    parameters: Vec<(String, String)>,
}

impl Target {
    pub(super) fn read(request: &S3Request<'_>) -> Result<Self, Failure> {
        let broken = || Failure::new(400, "InvalidURI", "The URI cannot be decoded.");
        let path = percent_decode(request.path).ok_or_else(broken)?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let parameters = parameters(request.query).ok_or_else(broken)?;
        if key.len() > OBJECT_KEY_BYTES_MAX {
            return Err(Failure::new(
                400,
                "KeyTooLongError",
                "Your key is too long.",
            ));
        }
        if bucket.len() > BUCKET_NAME_BYTES_MAX {
            return Err(Failure::invalid_bucket());
        }
        let call = match (bucket, key) {
            ("", _) => service_call(request.method, key),
            (_, "") => bucket_call(request.method, &parameters),
            _ => object_call(request, &parameters),
        };
        let call = call.ok_or_else(|| {
            let message = "The devnet does not know this call.";
            Failure::new(501, "NotImplemented", message)
        })?;
        Ok(Self {
            call,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            parameters,
        })
    }

    /// `bucket/key`, as the paths of faults.
    pub(super) fn place(&self) -> String {
        [&self.bucket, "/", &self.key].concat()
    }

    /// A parameter of the query, or an empty text.
    pub(super) fn parameter(&self, name: &str) -> &str {
        let mut pairs = self.parameters.iter();
        let pair = pairs.find(|(found, _)| found == name);
        pair.map_or("", |(_, value)| value)
    }
}

fn parameters(query: &str) -> Option<Vec<(String, String)>> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((percent_decode(name)?, percent_decode(value)?))
    });
    let is_passed = |name: &str| {
        PASSED_PARAMETERS
            .iter()
            .any(|start| name.starts_with(start))
    };
    pairs
        .filter(|pair| pair.as_ref().is_none_or(|(name, _)| !is_passed(name)))
        .collect()
}

fn service_call(method: &str, key: &str) -> Option<S3Call> {
    match (method, key) {
        ("GET", "") => Some(S3Call::ListBuckets),
        ("POST", "") => Some(S3Call::Iam),
        _ => None,
    }
}

fn object_call(request: &S3Request<'_>, parameters: &[(String, String)]) -> Option<S3Call> {
    let is_copy = request
        .headers
        .iter()
        .any(|(name, _)| *name == "x-amz-copy-source");
    if !parameters.is_empty() || is_copy {
        return None;
    }
    match request.method {
        "GET" => Some(S3Call::Get),
        "PUT" => Some(S3Call::Put),
        "HEAD" => Some(S3Call::Head),
        "DELETE" => Some(S3Call::Delete),
        _ => None,
    }
}

fn bucket_call(method: &str, parameters: &[(String, String)]) -> Option<S3Call> {
    const SETTINGS: [(&str, &str, S3Call); 10] = [
        ("location", "GET", S3Call::Location),
        ("policy", "GET", S3Call::GetPolicy),
        ("policy", "PUT", S3Call::PutPolicy),
        ("policy", "DELETE", S3Call::DeletePolicy),
        ("publicAccessBlock", "GET", S3Call::GetBlock),
        ("publicAccessBlock", "PUT", S3Call::PutBlock),
        ("publicAccessBlock", "DELETE", S3Call::DeleteBlock),
        ("lifecycle", "GET", S3Call::GetLifecycle),
        ("lifecycle", "PUT", S3Call::PutLifecycle),
        ("lifecycle", "DELETE", S3Call::DeleteLifecycle),
    ];
    const LISTING: [&str; 8] = [
        "list-type",
        "prefix",
        "max-keys",
        "marker",
        "start-after",
        "continuation-token",
        "encoding-type",
        "fetch-owner",
    ];
    let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    if let [setting] = names[..] {
        let mut settings = SETTINGS.iter();
        let found = settings.find(|(name, own, _)| *name == setting && *own == method);
        if let Some((_, _, call)) = found {
            return Some(*call);
        }
    }
    match method {
        "GET" if names.iter().all(|name| LISTING.contains(name)) => Some(S3Call::List),
        _ if !names.is_empty() => None,
        "PUT" => Some(S3Call::CreateBucket),
        "HEAD" => Some(S3Call::HeadBucket),
        "DELETE" => Some(S3Call::DeleteBucket),
        _ => None,
    }
}
