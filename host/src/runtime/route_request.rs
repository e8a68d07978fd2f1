//! A request to an extension's route, encoded once: each call of the route, and each copy, shares the bytes.

use serde::Serialize;
use tig_plugin_api::frame;

pub(crate) struct RouteRequest {
    /// Method and path.
    name: String,
    /// As [`tig_plugin_api::HttpRequest::encode`] writes it.
    encoded: Vec<u8>,
    /// Length of `encoded` without the body.
    head_bytes: usize,
}

impl RouteRequest {
    /// A request without a body. `head` has the JSON form of a [`tig_plugin_api::HttpRequest`].
    ///
    /// # Errors
    ///
    /// `head` has no JSON form, or is longer than a frame allows.
    pub(crate) fn new<T: Serialize>(
        method: &str,
        path: &str,
        head: &T,
    ) -> tig_plugin_api::Result<Self> {
        let encoded = frame::encode(head, &[])?;
        Ok(Self {
            name: [method, " ", path].concat(),
            head_bytes: encoded.len(),
            encoded,
        })
    }

    /// The request with this body.
    #[must_use]
    pub(crate) fn with_body(mut self, body: &[u8]) -> Self {
        self.encoded.truncate(self.head_bytes);
        self.push_body(body);
        self
    }

    /// Adds `part` to the end of the body.
    pub(crate) fn push_body(&mut self, part: &[u8]) {
        self.encoded.extend_from_slice(part);
    }

    /// Method and path, for people.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The form in which it crosses the plugin boundary.
    #[must_use]
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Length of the body.
    #[must_use]
    pub(crate) fn body_bytes(&self) -> usize {
        self.encoded.len() - self.head_bytes
    }
}
