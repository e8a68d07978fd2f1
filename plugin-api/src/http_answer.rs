//! The response to a request that the host has sent for an extension.

use std::fmt;

/// Headers of a response that reach the extension; further ones are left out.
pub const HEADERS_COUNT_MAX: usize = 100;

/// Bytes of all names and values of a response's headers; a header that would exceed them is left out.
pub const HEADERS_BYTES_MAX: usize = 16 << 10;

/// Status, headers and body of a response.
///
/// `Debug` shows the names of the headers and the length of the body only: both may hold secrets, such as `set-cookie`.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// Names in lower case, and values, as the server sent them and in its order; a name may come more than once. See
    /// [`HttpAnswer::with_headers`] for what is left out. Empty under a host too old to pass them on.
    pub headers: Vec<(String, String)>,
    /// Body, at most as long as the call allowed; empty for `HEAD`.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// A response without headers.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The response with these headers after those that it has.
    ///
    /// A value that is not UTF-8 is left out, so that every value is what the server sent. So is a header that would exceed
    /// [`HEADERS_COUNT_MAX`] or [`HEADERS_BYTES_MAX`]; a shorter one after it may still have room.
    #[must_use]
    pub fn with_headers<'a>(
        mut self,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Self {
        let length = |name: &str, value: &str| name.len() + value.len();
        let present = self.headers.iter();
        let mut bytes: usize = present.map(|(name, value)| length(name, value)).sum();
        for (name, value) in headers {
            let Ok(value) = std::str::from_utf8(value) else {
                continue;
            };
            let longer = bytes + length(name, value);
            if self.headers.len() < HEADERS_COUNT_MAX && longer <= HEADERS_BYTES_MAX {
                bytes = longer;
                let header = (name.to_ascii_lowercase(), value.to_owned());
                self.headers.push(header);
            }
        }
        self
    }

    /// Value of the first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

/// Value of the first header of this (lower-case) name.
pub(crate) fn find_header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut headers = headers.iter();
    let found = headers.find(|(header, _)| header == name);
    found.map(|(_, value)| value.as_str())
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("HttpAnswer")
            .field("status", &self.status)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_lower_case_names_and_keep_order() {
        let headers: [(&str, &[u8]); 3] = [
            ("Set-Cookie", b"a=1"),
            ("ETag", "\"ä\"".as_bytes()),
            ("set-cookie", b"b=2"),
        ];
        let answer = HttpAnswer::new(200, "body").with_headers(headers);
        let expected = [
            ("set-cookie", "a=1"),
            ("etag", "\"ä\""),
            ("set-cookie", "b=2"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(answer.headers, expected);
        assert_eq!(answer.header("set-cookie"), Some("a=1"));
        assert_eq!(answer.header("ETag"), None);
    }

    #[test]
    fn header_that_is_not_text_is_left_out() {
        let headers: [(&str, &[u8]); 2] = [("a", b"\xff"), ("b", b"")];
        let answer = HttpAnswer::new(200, "").with_headers(headers);
        assert_eq!(answer.headers, [("b".to_owned(), String::new())]);
    }

    #[test]
    fn headers_without_room_are_left_out() {
        let many = (0..2 * HEADERS_COUNT_MAX).map(|_| ("a", &b"b"[..]));
        let answer = HttpAnswer::new(200, "").with_headers(many);
        assert_eq!(answer.headers.len(), HEADERS_COUNT_MAX);

        let half = vec![b'x'; HEADERS_BYTES_MAX / 2];
        let headers: [(&str, &[u8]); 3] = [("a", &half), ("b", &half), ("etag", b"1")];
        let answer = HttpAnswer::new(200, "").with_headers(headers);
        let names: Vec<&str> = answer.headers.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a", "etag"]);
    }

    #[test]
    fn debug_shows_neither_values_nor_body() {
        let headers: [(&str, &[u8]); 1] = [("set-cookie", b"session=s3cret")];
        let answer = HttpAnswer::new(200, "s3cret").with_headers(headers);
        let shown = format!("{answer:?}");
        assert!(
            shown.contains("set-cookie") && !shown.contains("s3cret"),
            "{shown}"
        );
    }
}
