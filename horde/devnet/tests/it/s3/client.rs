//! A client that signs, or does not.

use std::time::{SystemTime, UNIX_EPOCH};

use horde_devnet::s3::{S3, S3Account, S3BucketConfig, S3Config, S3Faults};
use horde_s3::{
    Complaint, Credentials, Endpoint, Method, ToSign, payload_sha256, presign, query_text,
    sign_headers,
};
use reqwest::redirect::Policy;

use crate::client::soon;

pub(super) const HOME: &str = "us-east-1";
const URL_SECONDS: u32 = 60;

/// A service with a public bucket `prompts` of the validator, and a private bucket `foreign` of somebody else.
pub(super) async fn started() -> S3 {
    let foreign = S3BucketConfig {
        name: "foreign".to_owned(),
        region: HOME.to_owned(),
        owner: S3Account::Stranger,
        is_public: false,
    };
    let config = S3Config {
        seed: 7,
        buckets: vec!["prompts".parse().unwrap(), foreign],
        ..S3Config::default()
    };
    S3::start(config).await.unwrap()
}

pub(super) fn set_faults(s3: &S3, texts: &[&str]) {
    s3.set_faults(S3Faults::parse(texts).unwrap());
}

pub(super) fn unix_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().cast_signed()
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The code of the error, or empty.
    pub(super) code: String,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        let code = match status {
            200..300 => String::new(),
            _ => Complaint::read(None, &body).code,
        };
        Ok(Self {
            status,
            code,
            headers,
            body,
        })
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(super) fn ok(self) -> Self {
        assert!(
            (200..300).contains(&self.status),
            "{self:?}: {}",
            self.text()
        );
        self
    }

    #[track_caller]
    pub(super) fn refused(&self, status: u16, code: &str) {
        let found = (self.status, self.code.as_str());
        assert_eq!(found, (status, code), "{}", self.text());
    }
}

pub(super) fn http() -> reqwest::Client {
    let client = reqwest::Client::builder().redirect(Policy::none());
    client.no_gzip().build().unwrap()
}

/// Somebody who calls the service.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) base: String,
    pub(super) key: Option<Credentials>,
    pub(super) region: String,
    /// By how much the own clock is ahead.
    pub(super) ahead_seconds: i64,
    http: reqwest::Client,
}

impl Caller {
    pub(super) fn anonymous(s3: &S3) -> Self {
        Self {
            base: s3.endpoint_url(),
            key: None,
            region: HOME.to_owned(),
            ahead_seconds: 0,
            http: http(),
        }
    }

    pub(super) fn root(s3: &S3) -> Self {
        Self::with_key(s3, s3.credentials(S3Account::Validator))
    }

    pub(super) fn stranger(s3: &S3) -> Self {
        Self::with_key(s3, s3.credentials(S3Account::Stranger))
    }

    pub(super) fn with_key(s3: &S3, key: Credentials) -> Self {
        Self {
            key: Some(key),
            ..Self::anonymous(s3)
        }
    }

    pub(super) fn in_region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    pub(super) fn ahead(mut self, seconds: i64) -> Self {
        self.ahead_seconds = seconds;
        self
    }

    pub(super) fn endpoint(&self, bucket: &str) -> Endpoint {
        Endpoint::parse(Some(&self.base), Some(&self.region), bucket).unwrap()
    }

    pub(super) fn presigned(&self, method: Method, bucket: &str, key: &str) -> String {
        let now = unix_seconds() + self.ahead_seconds;
        let own = self.key.as_ref().unwrap();
        presign(method, &self.endpoint(bucket), key, own, now, URL_SECONDS)
    }

    /// The request, signed in headers if the caller has a key.
    pub(super) fn request(
        &self,
        service: &str,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: &[u8],
    ) -> reqwest::RequestBuilder {
        let url = match query.is_empty() {
            true => format!("{}{path}", self.base),
            false => format!("{}{path}?{}", self.base, query_text(query)),
        };
        let method_name = method.as_str().parse().unwrap();
        let mut request = self.http.request(method_name, url).body(body.to_vec());
        if let Some(key) = &self.key {
            let host = self.base.strip_prefix("http://").unwrap();
            let to_sign = ToSign {
                method,
                host,
                path,
                query,
                headers: &[],
                payload_sha256: &payload_sha256(body),
            };
            let now = unix_seconds() + self.ahead_seconds;
            for (name, value) in sign_headers(&to_sign, key, &self.region, service, now) {
                request = request.header(name, value);
            }
        }
        request
    }

    /// Calls `/bucket`, with the body of a setting.
    pub(super) async fn bucket(
        &self,
        method: Method,
        bucket: &str,
        query: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let path = format!("/{bucket}");
        let request = self.request("s3", method, &path, query, body.as_bytes());
        sent(request).await
    }

    pub(super) async fn object(
        &self,
        method: Method,
        bucket: &str,
        key: &str,
        body: &[u8],
    ) -> Answer {
        let path = self.endpoint(bucket).object_path(key);
        sent(self.request("s3", method, &path, &[], body)).await
    }

    pub(super) async fn get(&self, bucket: &str, key: &str) -> Answer {
        self.object(Method::Get, bucket, key, b"").await
    }

    pub(super) async fn put(&self, bucket: &str, key: &str, body: &str) -> Answer {
        self.object(Method::Put, bucket, key, body.as_bytes()).await
    }

    /// Calls IAM with a form.
    pub(super) async fn iam(&self, form: &[(&str, &str)]) -> Answer {
        let body = query_text(form);
        sent(self.request("iam", Method::Post, "/", &[], body.as_bytes())).await
    }
}

pub(super) async fn sent(request: reqwest::RequestBuilder) -> Answer {
    let response = soon(request.send()).await.unwrap();
    Answer::read(response).await.unwrap()
}

/// A policy of a bucket with one statement.
pub(super) fn policy(effect: &str, principal: &str, action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "{effect}", "Principal": {principal},
        "Action": "{action}", "Resource": "arn:aws:s3:::{resource}"}}]}}"#
    )
}
