//! Proxies that the environment names.

use std::borrow::Cow;

/// Variables that name a proxy, as the HTTP client reads them.
pub(crate) const VARIABLES: [&str; 6] = [
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

/// The URL of the proxy that `value` names. Like the HTTP client, takes one without a scheme for HTTP.
#[must_use]
pub(crate) fn url(value: &str) -> Cow<'_, str> {
    match value.contains("://") {
        true => value.into(),
        false => format!("http://{value}").into(),
    }
}
