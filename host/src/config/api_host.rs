//! API hosts: scheme, name and port of a URL, by which requests share their rates.

use reqwest::Url;

/// The API host of `url`, such as `https://api.example.com` or `http://127.0.0.1:8080`: in lower case, and without the port
/// that the scheme has anyway. `None` if it is not a URL.
pub(crate) fn api_host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(url.origin().ascii_serialization())
}

/// Why a text does not name an API host. What may be a secret is not repeated.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiHostError {
    #[error(
        "a key holds @: a user and password have no place here; write scheme, name and port alone"
    )]
    UserInfo,
    #[error("{0:?} holds whitespace: write scheme, name and port alone")]
    Whitespace(String),
    #[error(
        "{0:?} is not an API host: begin with http:// or https://, as in https://api.example.com or http://127.0.0.1:8080"
    )]
    NotUrl(String),
    #[error("a path or query follows {0}: rates are those of a whole API host; write {0} alone")]
    Beyond(String),
}

/// Reads a key of the config: an API host in any spelling, perhaps with a `/` at its end.
pub(super) fn parse(key: &str) -> Result<String, ApiHostError> {
    let shown = || key.split(['?', '#']).next().unwrap_or_default().to_owned();
    if key.contains('@') {
        return Err(ApiHostError::UserInfo);
    }
    if key.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(ApiHostError::Whitespace(shown()));
    }
    let url = Url::parse(key).map_err(|_| ApiHostError::NotUrl(shown()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ApiHostError::NotUrl(shown()));
    }
    let host = url.origin().ascii_serialization();
    let is_host_alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    is_host_alone
        .then(|| host.clone())
        .ok_or(ApiHostError::Beyond(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_an_api_host_are_one() {
        for spelling in [
            "https://api.example.com",
            "https://API.example.com/",
            "HTTPS://api.example.com:443",
        ] {
            assert_eq!(parse(spelling).unwrap(), "https://api.example.com");
        }
        let host = api_host("https://api.example.com:443/v1/jobs?key=1");
        assert_eq!(host.as_deref(), Some("https://api.example.com"));
        assert_eq!(parse("http://[::1]:8080").unwrap(), "http://[::1]:8080");
        assert_ne!(parse("http://a").unwrap(), parse("http://a:8080").unwrap());
    }

    #[test]
    fn misspelt_api_hosts_are_refused() {
        let refused = |key: &str| parse(key).unwrap_err();
        for key in ["https://me:s3cret@a", "me:s3cret@a", "https://a/@s3cret"] {
            assert!(matches!(refused(key), ApiHostError::UserInfo), "{key}");
        }
        for key in [
            " https://a",
            "https://a\n",
            "https://a b",
            "https://a\u{a0}",
        ] {
            assert!(matches!(refused(key), ApiHostError::Whitespace(_)), "{key}");
        }
        for key in [
            "",
            "a",
            "api.example.com:443",
            "ftp://a",
            "https://",
            "https://a:x",
        ] {
            assert!(matches!(refused(key), ApiHostError::NotUrl(_)), "{key}");
        }
        for key in ["https://a/v1", "https://a?key=s3cret", "https://a/#s3cret"] {
            assert!(matches!(refused(key), ApiHostError::Beyond(_)), "{key}");
        }
    }

    #[test]
    fn refusals_repeat_no_secret() {
        for key in [
            "https://me:s3cret@a",
            "https://a?key=s3cret",
            "https://a/#s3cret",
            "a?key=s3cret",
            "https://a b?key=s3cret",
        ] {
            let text = parse(key).unwrap_err().to_string();
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}
