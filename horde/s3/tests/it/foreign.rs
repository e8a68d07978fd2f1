//! The server of the crate `s3s`, which verifies signatures by its own reading of the rules.

use std::time::{SystemTime, UNIX_EPOCH};

use horde_s3::{Credentials, Endpoint, Method, ToSign, payload_sha256, presign, sign_headers};
use horde_system_tests::{FOREIGN_ACCESS_KEY, FOREIGN_SECRET, ForeignS3};
use tempfile::TempDir;
use tig_system_tests::{Answer, Process, request};

/// Region of the bucket: the server takes any.
const REGION: &str = "eu-west-3";
/// Seconds that a presigned URL lives.
const LIFE_SECONDS: u32 = 60;

/// A server with a bucket whose objects anybody reads.
struct Foreign {
    bucket: Endpoint,
    address: String,
    _server: Process,
    _folder: TempDir,
}

impl Foreign {
    /// `None`, and the test is counted as skipped, if the server's crates cannot be had.
    fn start() -> Option<Self> {
        let program = ForeignS3::build_or_skip().unwrap()?;
        let folder = tempfile::tempdir().unwrap();
        let (server, address) = program.start(folder.path(), true).unwrap();
        let url = format!("http://{address}");
        let foreign = Self {
            bucket: Endpoint::parse(Some(&url), Some(REGION), "bucket").unwrap(),
            address,
            _server: server,
            _folder: folder,
        };
        let made = foreign.send_signed(Method::Put, &foreign.bucket.bucket_path(), FOREIGN_SECRET);
        assert_eq!(made.status, 200, "{}", made.body);
        Some(foreign)
    }

    /// A presigned URL that is as old as this.
    fn url(&self, method: Method, key: &str, age_seconds: i64) -> String {
        let at = now() - age_seconds;
        presign(
            method,
            &self.bucket,
            key,
            &credentials(FOREIGN_SECRET),
            at,
            LIFE_SECONDS,
        )
    }

    /// Asks with a URL and nothing else, as a miner does.
    fn send(&self, method: &str, url: &str, body: &str) -> Answer {
        let path = url.strip_prefix(&self.bucket.base_url()).unwrap();
        request(&self.address, method, path, &[], body.as_bytes()).unwrap()
    }

    /// Asks with a signature in the headers.
    fn send_signed(&self, method: Method, path: &str, secret: &str) -> Answer {
        let to_sign = ToSign {
            method,
            host: self.bucket.host(),
            path,
            query: &[],
            headers: &[],
            payload_sha256: &payload_sha256(b""),
        };
        let signed = sign_headers(&to_sign, &credentials(secret), REGION, "s3", now());
        let headers = signed
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = headers.collect();
        request(&self.address, method.as_str(), path, &headers, &[]).unwrap()
    }
}

fn credentials(secret: &str) -> Credentials {
    Credentials::new(FOREIGN_ACCESS_KEY, secret)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

#[test]
fn foreign_server_takes_presigned_urls() {
    let Some(foreign) = Foreign::start() else {
        return;
    };
    for key in [
        "4f7f3f7a",
        "solved/4f7f3f7a.json",
        "a b+c/ü~(1)'*!@&=$,;:.txt",
        "100%",
    ] {
        let put = foreign.send("PUT", &foreign.url(Method::Put, key, 0), key);
        assert_eq!(put.status, 200, "{key}: {}", put.body);
        let signed = foreign.send("GET", &foreign.url(Method::Get, key, 0), "");
        assert_eq!((signed.status, signed.body.as_str()), (200, key));
        let anybody = foreign.send("GET", &foreign.bucket.object_url(key), "");
        assert_eq!((anybody.status, anybody.body.as_str()), (200, key));
        let deleted = foreign.send("DELETE", &foreign.url(Method::Delete, key, 0), "");
        assert_eq!(deleted.status, 204, "{key}: {}", deleted.body);
        let gone = foreign.send("GET", &foreign.bucket.object_url(key), "");
        assert_eq!(gone.status, 404, "{key}: {}", gone.body);
    }
}

#[test]
fn foreign_server_rejects_urls_for_anything_else() {
    let Some(foreign) = Foreign::start() else {
        return;
    };
    let url = foreign.url(Method::Put, "object", 0);
    for (method, url) in [
        ("DELETE", url.clone()),
        ("PUT", url.replace("/object?", "/another?")),
        ("PUT", url.replace("Expires=60", "Expires=61")),
        ("PUT", foreign.url(Method::Put, "object", 120)),
        ("PUT", foreign.bucket.object_url("object")),
    ] {
        let answer = foreign.send(method, &url, "x");
        assert_eq!(answer.status, 403, "{method} {url}: {}", answer.body);
    }
    assert_eq!(foreign.send("PUT", &url, "x").status, 200);
}

#[test]
fn foreign_server_takes_signed_headers() {
    let Some(foreign) = Foreign::start() else {
        return;
    };
    let url = foreign.url(Method::Put, "object", 0);
    assert_eq!(foreign.send("PUT", &url, "x").status, 200);
    let path = foreign.bucket.object_path("object");
    for (secret, status) in [("another", 403), (FOREIGN_SECRET, 204)] {
        let answer = foreign.send_signed(Method::Delete, &path, secret);
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}
