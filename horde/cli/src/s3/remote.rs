//! What is asked of S3 and IAM to set them up, and who signs it.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use horde_s3::{Credentials, Endpoint, Method, ToSign, payload_sha256, query_text, sign_headers};
use md5::{Digest as _, Md5};

use crate::http::{Answer, HttpError, Transport};

/// The region of IAM, which AWS has once for all regions.
const USERS_REGION: &str = "us-east-1";

/// A request to one of the services.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method.
    pub(crate) method: Method,
    /// What it is for.
    pub(crate) target: Target,
    /// The body.
    pub(crate) body: String,
}

/// What a request is for.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A bucket, or a part of its set-up: the name of a query without a value; empty for the bucket itself.
    Bucket(Endpoint, &'static str),
    /// The service of users; the body is a form.
    Users,
}

impl Request {
    /// A request for a bucket or a part of its set-up.
    pub(crate) fn bucket(method: Method, bucket: &Endpoint, part: &'static str) -> Self {
        Self {
            method,
            target: Target::Bucket(bucket.clone(), part),
            body: String::new(),
        }
    }

    /// A call of IAM.
    pub(crate) fn users(action: &str, parameters: &[(&str, &str)]) -> Self {
        let first = [("Action", action), ("Version", "2010-05-08")];
        Self {
            method: Method::Post,
            target: Target::Users,
            body: query_text(&[&first, parameters].concat()),
        }
    }

    /// With a body.
    pub(crate) fn with_body(mut self, body: String) -> Self {
        self.body = body;
        self
    }
}

/// The services over HTTP, with requests signed by an account.
pub(crate) struct Signed<'a> {
    /// How requests are sent.
    pub(crate) transport: &'a dyn Transport,
    /// The account.
    pub(crate) credentials: &'a Credentials,
    /// URL of IAM.
    pub(crate) users_url: &'a str,
}

impl Signed<'_> {
    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub(crate) fn call(&self, request: &Request) -> Result<Answer, HttpError> {
        match &request.target {
            Target::Bucket(bucket, part) => self.call_bucket(request, bucket, part),
            Target::Users => self.call_users(request),
        }
    }

    fn call_bucket(
        &self,
        request: &Request,
        bucket: &Endpoint,
        part: &str,
    ) -> Result<Answer, HttpError> {
        let pairs = [(part, "")];
        let query = if part.is_empty() { &[] } else { &pairs[..] };
        let path = bucket.bucket_path();
        let sum = BASE64_STANDARD.encode(Md5::digest(&request.body));
        // Servers ask for the sum of a set-up, and of nothing else.
        let headers = [("content-md5", sum.as_str())];
        let headers = if request.body.is_empty() {
            &[]
        } else {
            &headers[..]
        };
        let to_sign = ToSign {
            method: request.method,
            host: bucket.host(),
            path: &path,
            query,
            headers,
            payload_sha256: &payload_sha256(request.body.as_bytes()),
        };
        let separator = if part.is_empty() { "" } else { "?" };
        let url = [&bucket.base_url(), &path, separator, &query_text(query)].concat();
        self.send(&url, &to_sign, request, (bucket.region(), "s3"))
    }

    fn call_users(&self, request: &Request) -> Result<Answer, HttpError> {
        let host = self
            .users_url
            .split_once("://")
            .map_or("", |(_, host)| host);
        let to_sign = ToSign {
            method: request.method,
            host,
            path: "/",
            query: &[],
            headers: &[("content-type", "application/x-www-form-urlencoded")],
            payload_sha256: &payload_sha256(request.body.as_bytes()),
        };
        let url = format!("{}/", self.users_url);
        self.send(&url, &to_sign, request, (USERS_REGION, "iam"))
    }

    fn send(
        &self,
        url: &str,
        to_sign: &ToSign<'_>,
        request: &Request,
        (region, service): (&str, &str),
    ) -> Result<Answer, HttpError> {
        let signed = sign_headers(to_sign, self.credentials, region, service, unix_seconds());
        let own = to_sign.headers.iter();
        let own = own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let headers: Vec<_> = own.chain(signed).collect();
        let body = request.body.clone().into_bytes();
        self.transport.send(request.method, url, &headers, body)
    }
}

/// The time of this machine; 1970 if its clock is before.
pub(crate) fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}
