//! Presigned URLs: the signature is in the query, so that the holder needs no key.

use horde_proto::Secret;

use crate::credentials::{Credentials, DayKey};
use crate::encoding::percent_encode;
use crate::endpoint::Endpoint;
use crate::method::Method;
use crate::sign::UNSIGNED_PAYLOAD;
use crate::signature::{ALGORITHM, Canonical, Scope};
use crate::time::AmzTime;

/// Seconds that a presigned URL lives at most: seven days, the bound of the service.
pub const EXPIRES_SECONDS_MAX: u32 = 604_800;

/// The service in the scope of objects and buckets.
pub(crate) const S3_SERVICE: &str = "s3";

/// The URL with which everybody reads or writes the object `key` in the bucket of `endpoint` from `unix_seconds` on, for
/// `expires_seconds`, which count from 1 to [`EXPIRES_SECONDS_MAX`]: what is outside of that is the nearest.
///
/// Signature version 4, in path style, with `host` as the only signed header and any body (section 10.7).
pub fn presign(
    method: Method,
    endpoint: &Endpoint,
    key: &str,
    credentials: &Credentials,
    unix_seconds: i64,
    expires_seconds: u32,
) -> String {
    let id = &credentials.access_key_id;
    let secret = &credentials.secret_access_key;
    let time = AmzTime::from_unix(unix_seconds);
    let token = credentials.session_token.as_ref();
    let url = Unsigned::new(endpoint, key, id, token, &time, expires_seconds);
    url.sign(method, |canonical, scope| {
        canonical.sign(secret, &time, scope)
    })
}

/// As [`presign`], by a key of the day of `unix_seconds`.
pub fn presign_by_day(
    method: Method,
    endpoint: &Endpoint,
    key: &str,
    day_key: &DayKey,
    unix_seconds: i64,
    expires_seconds: u32,
) -> String {
    let DayKey {
        access_key_id: id,
        code,
    } = day_key;
    let time = AmzTime::from_unix(unix_seconds);
    let url = Unsigned::new(endpoint, key, id, None, &time, expires_seconds);
    url.sign(method, |canonical, scope| {
        canonical.sign_by_day(code, &time, scope)
    })
}

/// A URL without its signature.
struct Unsigned<'a> {
    endpoint: &'a Endpoint,
    scope: Scope<'a>,
    path: String,
    query: String,
}

impl<'a> Unsigned<'a> {
    fn new(
        endpoint: &'a Endpoint,
        key: &str,
        access_key_id: &str,
        session_token: Option<&Secret>,
        time: &'a AmzTime,
        expires_seconds: u32,
    ) -> Self {
        let scope = Scope {
            date: time.date(),
            region: endpoint.region(),
            service: S3_SERVICE,
        };
        let credential = format!("{access_key_id}/{}", scope.text());
        let mut query = format!(
            "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}",
            percent_encode(&credential),
            time.as_str(),
            expires_seconds.clamp(1, EXPIRES_SECONDS_MAX)
        );
        if let Some(token) = session_token {
            query.push_str("&X-Amz-Security-Token=");
            query.push_str(&percent_encode(token.as_str()));
        }
        query.push_str("&X-Amz-SignedHeaders=host");
        Self {
            endpoint,
            scope,
            path: endpoint.object_path(key),
            query,
        }
    }

    fn sign(
        self,
        method: Method,
        sign: impl FnOnce(&Canonical<'_>, &Scope<'_>) -> String,
    ) -> String {
        let Self {
            endpoint,
            scope,
            path,
            query,
        } = self;
        let canonical = Canonical {
            method: method.as_str(),
            path: &path,
            query: &query,
            headers: &format!("host:{}\n", endpoint.host()),
            signed_headers: "host",
            payload: UNSIGNED_PAYLOAD,
        };
        let signature = sign(&canonical, &scope);
        let base = endpoint.base_url();
        [&base, &path, "?", &query, "&X-Amz-Signature=", &signature].concat()
    }
}
