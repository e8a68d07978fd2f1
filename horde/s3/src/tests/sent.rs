//! A request on its way from one side to the other, and what becomes of it.

use crate::{
    Credentials, Endpoint, Form, Method, Received, Rules, Signed, ToSign, Verified, VerifyError,
    payload_sha256, presign, query_text, sign_headers, verify,
};

pub(super) const NOW: i64 = 1_732_806_192;
pub(super) const RULES: Rules<'_> = Rules {
    region: Some("eu-west-3"),
    service: "s3",
    unix_seconds: NOW,
};

pub(super) fn key() -> Credentials {
    Credentials::new("AKID/with/slashes", "sesame")
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::parse(Some("http://127.0.0.1:9000"), Some("eu-west-3"), "prompts").unwrap()
}

/// What becomes of a request, with changes to it and to the rules.
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn presigned(object: &str) -> Self {
        Self::presigned_by(&key(), object)
    }

    pub(super) fn presigned_by(key: &Credentials, object: &str) -> Self {
        let url = presign(Method::Put, &endpoint(), object, key, NOW, 60);
        let url = url.strip_prefix(&endpoint().base_url()).unwrap();
        let (path, query) = url.split_once('?').unwrap();
        Self {
            method: "PUT".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![("host".to_owned(), endpoint().host().to_owned())],
            body: b"body".to_vec(),
        }
    }

    pub(super) fn signed(query: &[(&str, &str)]) -> Self {
        Self::signed_by(&key(), query, &[])
    }

    pub(super) fn signed_by(
        key: &Credentials,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Self {
        let endpoint = endpoint();
        let body = b"<x/>".to_vec();
        let request = ToSign {
            method: Method::Put,
            host: endpoint.host(),
            path: &endpoint.bucket_path(),
            query,
            headers,
            payload_sha256: &payload_sha256(&body),
        };
        let mut all = sign_headers(&request, key, "eu-west-3", "s3", NOW);
        all.push(("host".to_owned(), endpoint.host().to_owned()));
        let owned = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        all.extend(owned);
        Self {
            method: "PUT".to_owned(),
            path: endpoint.bucket_path(),
            query: query_text(query),
            headers: all,
            body,
        }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn header(&mut self, name: &str) -> &mut String {
        let mut headers = self.headers.iter_mut();
        &mut headers.find(|(found, _)| found == name).unwrap().1
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn verified(
        &self,
        rules: &Rules<'_>,
        key: &Credentials,
    ) -> Result<Verified, VerifyError> {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (&name[..], &value[..]))
            .collect();
        let received = Received {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        };
        verify(&received, rules, |id| {
            (id == key.access_key_id).then_some(key)
        })
    }

    pub(super) fn result(&self) -> Result<Verified, VerifyError> {
        self.verified(&RULES, &key())
    }

    pub(super) fn result_at(&self, unix_seconds: i64) -> Result<Verified, VerifyError> {
        let rules = Rules {
            unix_seconds,
            ..RULES
        };
        self.verified(&rules, &key())
    }
}

pub(super) fn good(form: Form) -> Result<Verified, VerifyError> {
    Ok(Verified::Signed(Signed {
        access_key_id: key().access_key_id,
        form,
        region: "eu-west-3".to_owned(),
    }))
}
