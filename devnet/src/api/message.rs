//! A request and its answer, as far as the API looks at them.

use super::{OWN_PATHS, PAGE_PATH};

/// Request of a client. The creator of the request matches header names.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// In capitals, such as `GET`.
    pub method: &'a str,
    /// Such as `/get-block?round=1`.
    pub path_and_query: &'a str,
    /// The header `X-Api-Key`.
    pub api_key: Option<&'a str>,
    /// The header `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// Empty for `GET`.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A query.
    pub fn get(path_and_query: &'a str) -> Self {
        Self {
            method: "GET",
            path_and_query,
            api_key: None,
            if_none_match: None,
            body: &[],
        }
    }

    /// A submission.
    pub fn post(path: &'a str, api_key: &'a str, body: &'a [u8]) -> Self {
        Self {
            method: "POST",
            api_key: Some(api_key),
            body,
            ..Self::get(path)
        }
    }

    /// The part before the question mark.
    pub fn path(&self) -> &'a str {
        self.path_and_query
            .split_once('?')
            .map_or(self.path_and_query, |(path, _)| path)
    }

    /// Whether it is for what the devnet has beside the API: its page and what lies under `/devnet/`.
    pub fn is_own(&self) -> bool {
        self.path() == PAGE_PATH || self.path().starts_with(OWN_PATHS)
    }

    /// The part after the question mark; empty without one.
    pub fn query(&self) -> &'a str {
        self.path_and_query
            .split_once('?')
            .map_or("", |(_, query)| query)
    }
}

/// Answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The header `Content-Type`, exactly so.
    pub content_type: &'static str,
    /// Other headers: lower-case name and value.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A text, as every error is: clients of the time show the body only when the type is exactly `text/plain`.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self {
            status,
            content_type: "text/plain",
            headers: Vec::new(),
            body: text.into().into_bytes(),
        }
    }
}
