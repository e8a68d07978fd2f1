//! The request of a handshake, checked before anything is connected.

use reqwest::Url;
use tig_plugin_api::WsOpen;
use tokio_tungstenite::tungstenite::handshake::client::{Request, generate_key};
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 8 << 10;

/// Headers of one handshake.
const HEADER_COUNT_MAX: usize = 64;

/// Bytes of all names and values of headers of one handshake.
const HEADER_BYTES_MAX: usize = 32 << 10;

/// Headers that the handshake has already.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "transfer-encoding",
    "upgrade",
];

/// Where a connection goes, and the request that opens it.
#[derive(Debug)]
pub(super) struct Target {
    pub url: Url,
    pub request: Request,
}

/// Why an extension's request cannot be sent. Values of headers are secrets, and in no text.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    /// Not a URL.
    #[error("the URL is not valid: {0}")]
    Url(String),
    /// See [`URL_BYTES_MAX`].
    #[error("a URL of {0} bytes is longer than {URL_BYTES_MAX}")]
    LongUrl(usize),
    /// Another scheme than a websocket's.
    #[error("a URL with {0}:// is not one of a websocket; use ws:// or wss://")]
    Scheme(String),
    /// A name or password in the URL.
    #[error("the URL has a user name or password; use a header")]
    User,
    /// See [`HEADER_COUNT_MAX`] and [`HEADER_BYTES_MAX`].
    #[error("more than {HEADER_COUNT_MAX} headers, or than {HEADER_BYTES_MAX} bytes of them")]
    ManyHeaders,
    /// A name of a header.
    #[error("header {0:?} is not a valid name")]
    HeaderName(String),
    /// A value of a header.
    #[error("the value of header {0:?} is not valid")]
    HeaderValue(String),
    /// A header of the handshake itself.
    #[error("header {0:?} belongs to the handshake; leave it out")]
    OwnHeader(String),
}

impl Target {
    /// Checks URL and headers.
    ///
    /// # Errors
    ///
    /// See [`TargetError`].
    pub(super) fn new(open: &WsOpen) -> Result<Self, TargetError> {
        let url = parse(&open.url)?;
        let host = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let builder = Request::builder()
            .uri(url.as_str())
            .header("Host", authority)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", generate_key());
        let mut request = builder
            .body(())
            .map_err(|error| TargetError::Url(error.to_string()))?;
        check_size(&open.headers)?;
        for (name, value) in &open.headers {
            let (name, value) = header(name, value)?;
            request.headers_mut().append(name, value);
        }
        Ok(Self { url, request })
    }

    /// Whether TLS comes first.
    #[must_use]
    pub(super) fn is_tls(&self) -> bool {
        self.url.scheme() == "wss"
    }
}

fn parse(url: &str) -> Result<Url, TargetError> {
    if url.len() > URL_BYTES_MAX {
        return Err(TargetError::LongUrl(url.len()));
    }
    let mut url = Url::parse(url).map_err(|error| TargetError::Url(error.to_string()))?;
    if !matches!(url.scheme(), "ws" | "wss") {
        return Err(TargetError::Scheme(url.scheme().chars().take(32).collect()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::User);
    }
    // Not a part of what is asked of the peer (RFC 6455, section 3).
    url.set_fragment(None);
    Ok(url)
}

fn check_size(headers: &[(String, String)]) -> Result<(), TargetError> {
    let bytes = headers.iter().map(|(name, value)| name.len() + value.len());
    if headers.len() > HEADER_COUNT_MAX || bytes.sum::<usize>() > HEADER_BYTES_MAX {
        return Err(TargetError::ManyHeaders);
    }
    Ok(())
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), TargetError> {
    let shown = || name.chars().take(64).collect();
    let parsed = HeaderName::from_bytes(name.as_bytes());
    let parsed = parsed.map_err(|_| TargetError::HeaderName(shown()))?;
    if OWN_HEADERS.contains(&parsed.as_str()) {
        return Err(TargetError::OwnHeader(shown()));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| TargetError::HeaderValue(shown()))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, headers: &[(&str, &str)]) -> Result<Target, TargetError> {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Target::new(&WsOpen {
            tag: "t".to_owned(),
            url: url.to_owned(),
            headers: headers.iter().map(own).collect(),
            frame_bytes_max: 1,
            ping_every_ms: 0,
            silent_ms_max: 0,
            connect_ms: 1,
        })
    }

    #[test]
    fn request_has_the_extensions_headers() {
        let target = target("wss://a.example:81/p?q=1#f", &[("x-a", "1"), ("x-a", "2")]).unwrap();
        assert!(target.is_tls());
        assert_eq!(target.request.uri(), "wss://a.example:81/p?q=1");
        assert_eq!(target.request.headers()["host"], "a.example:81");
        let values = target.request.headers().get_all("x-a").iter();
        assert_eq!(values.collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn requests_that_cannot_be_sent_are_rejected() {
        use TargetError::{
            HeaderName, HeaderValue, LongUrl, ManyHeaders, OwnHeader, Scheme, Url, User,
        };
        let url = "ws://a";
        let secret = "se\ncret";
        let many = [("a", ""); HEADER_COUNT_MAX + 1];
        let long = "x".repeat(HEADER_BYTES_MAX);
        let rejected = |url: &str, headers: &[(&str, &str)]| target(url, headers).unwrap_err();
        assert!(matches!(rejected("a", &[]), Url(_)));
        assert!(matches!(rejected("ws://", &[]), Url(_)));
        assert!(matches!(rejected("http://a", &[]), Scheme(_)));
        assert!(matches!(rejected("ws://u:p@a", &[]), User));
        assert!(matches!(
            rejected(&"a".repeat(URL_BYTES_MAX + 1), &[]),
            LongUrl(_)
        ));
        assert!(matches!(rejected(url, &many), ManyHeaders));
        assert!(matches!(rejected(url, &[("a", &long)]), ManyHeaders));
        assert!(matches!(rejected(url, &[("a b", "")]), HeaderName(_)));
        assert!(matches!(rejected(url, &[("Upgrade", "x")]), OwnHeader(_)));
        let error = rejected(url, &[("a", secret)]);
        assert!(matches!(error, HeaderValue(_)));
        assert!(!error.to_string().contains("cret"));
    }
}
