//! Answers.

use std::time::{Duration, UNIX_EPOCH};

use axum::body::Bytes;

use super::MICROS_PER_SECOND;

const XML_DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::s3) enum Ending {
    Whole,
    /// After half of the body.
    CutShort,
    /// Before the first byte.
    Dropped,
}

/// An answer, and how it is given.
#[derive(Debug)]
pub(in crate::s3) struct S3Reply {
    pub(in crate::s3) status: u16,
    pub(in crate::s3) headers: Vec<(&'static str, String)>,
    pub(in crate::s3) body: Bytes,
    /// The header `Content-Length`, which is that of the object after HEAD.
    pub(in crate::s3) length: usize,
    pub(in crate::s3) delay: Duration,
    pub(in crate::s3) ending: Ending,
    /// Bytes of the object that was written or read.
    pub(super) object_bytes: u64,
}

impl S3Reply {
    pub(super) fn new(status: u16, body: Bytes) -> Self {
        Self {
            status,
            headers: Vec::new(),
            length: body.len(),
            body,
            delay: Duration::ZERO,
            ending: Ending::Whole,
            object_bytes: 0,
        }
    }

    /// A success without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self::new(status, Bytes::new())
    }

    /// One element with a declaration in front.
    pub(super) fn xml(status: u16, element: &str) -> Self {
        let mut reply = Self::new(status, [XML_DECLARATION, element].concat().into());
        reply
            .headers
            .push(("content-type", "application/xml".to_owned()));
        reply
    }

    /// What a proxy shows that wants a login.
    pub(super) fn login_page() -> Self {
        let page = "<!DOCTYPE html>\n<html>\n<head><title>Sign in</title></head>\n<body>\n<p>Please sign in.</p>\n</body>\n</html>\n";
        let mut reply = Self::new(200, Bytes::from_static(page.as_bytes()));
        reply.headers.push(("content-type", "text/html".to_owned()));
        reply
    }

    /// Adds what each answer has; `clock_us` is the clock of the service.
    pub(super) fn finish(&mut self, method: &str, clock_us: i64) {
        self.headers.push(("date", http_date(clock_us)));
        if method == "HEAD" {
            self.body = Bytes::new();
        }
    }
}

/// A time as headers have it; before 1970 it is 1970.
pub(super) fn http_date(unix_us: i64) -> String {
    let seconds = u64::try_from(unix_us / MICROS_PER_SECOND).unwrap_or(0);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}
