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

/// What a variable says of a proxy.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Parts<'a> {
    pub(crate) scheme: &'a str,
    /// User and password.
    pub(crate) credentials: Option<&'a str>,
    /// Host and port.
    pub(crate) place: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits by hand: a password with an unescaped `/`, `?` or `#` makes no valid URL.
    #[must_use]
    pub(crate) fn from_value(value: &'a str) -> Self {
        let is_scheme = |text: &str| text.chars().all(|char| char.is_ascii_alphanumeric());
        let (scheme, rest) = match value.split_once("://") {
            // Else it belongs to a password.
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => ("http", value),
        };
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, rest),
        };
        Self {
            scheme,
            credentials,
            place: place.split(['/', '?', '#']).next().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_any_spelling_are_found() {
        for (value, scheme, credentials, place) in [
            ("proxy:3128", "http", None, "proxy:3128"),
            ("https://proxy/path?a=b", "https", None, "proxy"),
            ("u:pw@proxy:1", "http", Some("u:pw"), "proxy:1"),
            ("socks5h://u:p/w@proxy", "socks5h", Some("u:p/w"), "proxy"),
            ("http://u:p#w@proxy:1/", "http", Some("u:p#w"), "proxy:1"),
            ("u:p?@w@[::1]:1", "http", Some("u:p?@w"), "[::1]:1"),
            ("u:p://w@proxy", "http", Some("u:p://w"), "proxy"),
        ] {
            let expected = Parts {
                scheme,
                credentials,
                place,
            };
            assert_eq!(Parts::from_value(value), expected, "{value}");
        }
    }
}
