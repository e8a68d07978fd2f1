//! Who may use the paths under `/operator/` of the listener. Pure: the head of a request in, a decision out.
//!
//! Three kinds of paths: the page itself has no data; data are for this machine or the operator's token; what changes
//! something needs the token, whoever asks. Browsers send requests that their user did not mean, so each kind also looks
//! at where a page comes from, and a `GET` changes nothing.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use tig_plugin_api::{NotLocal, check_local, is_of_another_page};

use crate::config::access::{Access, AccessDenied};
use crate::http::request::{is_from_another_page, pairs};

/// Paths of the host's API begin with it.
pub(crate) const API_PATH: &str = "/operator/v1/";

/// Paths of operators begin with it.
const OPERATOR_PATH: &str = "/operator/";

/// Paths of the page's files begin with it.
const ASSETS_PATH: &str = "/operator/assets/";

/// What a path is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// A file of the page, without data.
    Page,
    /// Data of the host or an extension.
    Data,
    /// A change.
    Control,
}

impl Purpose {
    /// The purpose of a request; `None` if the path is not for operators.
    #[must_use]
    pub(crate) fn of_request(method: &Method, path: &str) -> Option<Self> {
        // Most requests are of other clients.
        let path = path.strip_prefix(OPERATOR_PATH.trim_end_matches('/'))?;
        if !path.is_empty() && !path.starts_with('/') {
            return None;
        }
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let assets = &ASSETS_PATH[OPERATOR_PATH.len() - 1..];
        Some(match path {
            _ if !reads => Self::Control,
            "" | "/" => Self::Page,
            file if file.starts_with(assets) => Self::Page,
            _ => Self::Data,
        })
    }
}

/// Why an operator's request is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum OperatorDenied {
    /// The client is not in a network that may connect.
    #[error(transparent)]
    Network(#[from] AccessDenied),
    /// A page of another site has caused the request.
    #[error("web pages of other sites may not ask this host")]
    OtherPage,
    /// There is no token, and the client is not a program or page of this machine.
    #[error("{0}; or set `operator.token_file` in the host's config and send its token")]
    NotLocal(NotLocal),
    /// The token is missing or wrong.
    #[error("this needs the header `Authorization: Bearer TOKEN` with the operator's token")]
    Token,
    /// There is no token that could allow a change.
    #[error("the host cannot be controlled here: set `operator.token_file` in its config")]
    NoToken,
    /// A page could send such a body without asking the browser.
    #[error("send the body with `Content-Type: application/json`")]
    ContentType,
}

impl OperatorDenied {
    /// Status of the response.
    #[must_use]
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Network(_) | Self::OtherPage | Self::NotLocal(_) | Self::NoToken => {
                StatusCode::FORBIDDEN
            }
        }
    }
}

/// Checks a request of `peer` for `purpose`.
///
/// # Errors
///
/// See [`OperatorDenied`].
pub(crate) fn check<B>(
    access: &Access,
    peer: IpAddr,
    purpose: Purpose,
    request: &Request<B>,
) -> Result<(), OperatorDenied> {
    access.check_network(peer)?;
    let headers = request.headers();
    if purpose == Purpose::Page {
        // A link of another site to the page is what it says.
        let is_other = is_from_another_page(request);
        return (!is_other).then_some(()).ok_or(OperatorDenied::OtherPage);
    }
    let pairs = pairs(headers);
    if is_of_another_page(&pairs) {
        return Err(OperatorDenied::OtherPage);
    }
    let authorization = headers.get(AUTHORIZATION);
    let authorization = authorization.map(|value| value.to_str().unwrap_or_default());
    match (access.is_operator(authorization), purpose) {
        (Some(true), Purpose::Control) => check_content_type(headers),
        (Some(true), _) => Ok(()),
        (Some(false), Purpose::Control) => Err(OperatorDenied::Token),
        (None, Purpose::Control) => Err(OperatorDenied::NoToken),
        // Whoever sends a token wants to know that it is wrong.
        (Some(false), _) if authorization.is_some() => Err(OperatorDenied::Token),
        (Some(false), _) => check_local(peer, &pairs).map_err(|_| OperatorDenied::Token),
        (None, _) => check_local(peer, &pairs).map_err(OperatorDenied::NotLocal),
    }
}

/// Checks that no form of a page could have sent the body.
///
/// # Errors
///
/// [`OperatorDenied::ContentType`].
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), OperatorDenied> {
    let given = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = given.unwrap_or_default().split(';').next();
    let is_json = kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    is_json.then_some(()).ok_or(OperatorDenied::ContentType)
}

#[cfg(test)]
mod tests {
    use tig_plugin_api::Secret;

    use super::*;

    const LOCAL: &str = "127.0.0.1";
    const FAR: &str = "10.1.2.3";
    const TOKEN: (&str, &str) = ("authorization", "Bearer secret");
    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    fn access(token: Option<&str>) -> Access {
        let token = token.map(|token| Secret::new(token.to_owned()));
        // The token of `access` opens nothing here.
        let other = Secret::new("other".to_owned());
        Access::new(Some(&other), Vec::new(), Vec::new()).with_operator(token.as_ref())
    }

    fn ask(
        access: &Access,
        peer: &str,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
    ) -> Result<(), OperatorDenied> {
        let mut request = Request::builder().method(method).uri(path);
        let is_host = |(name, _): &(&str, &str)| *name == "host";
        if !headers.iter().any(is_host) {
            request = request.header("host", "127.0.0.1:5115");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let purpose = Purpose::of_request(request.method(), path).unwrap();
        check(access, peer.parse().unwrap(), purpose, &request)
    }

    const STATUS: (&str, &str) = ("GET", "/operator/v1/status");
    const DRAIN: (&str, &str) = ("POST", "/operator/v1/control/drain");
    const PAGE: (&str, &str) = ("GET", "/operator/");

    #[test]
    fn purpose_follows_from_method_and_path() {
        let purpose = |method, path| Purpose::of_request(&method, path);
        assert_eq!(purpose(Method::GET, "/operatorx"), None);
        assert_eq!(purpose(Method::GET, "/jobs"), None);
        for path in ["/operator", "/operator/", "/operator/assets/a.js"] {
            assert_eq!(purpose(Method::GET, path), Some(Purpose::Page));
            assert_eq!(purpose(Method::PUT, path), Some(Purpose::Control));
        }
        for path in ["/operator/v1/status", "/operator/panel/a", "/operator/x"] {
            assert_eq!(purpose(Method::HEAD, path), Some(Purpose::Data));
            assert_eq!(purpose(Method::POST, path), Some(Purpose::Control));
        }
    }

    #[test]
    fn data_are_for_this_machine_or_the_token() {
        let (with, without) = (access(Some("secret")), access(None));
        assert_eq!(ask(&with, LOCAL, STATUS, &[]), Ok(()));
        assert_eq!(ask(&without, LOCAL, STATUS, &[]), Ok(()));
        assert_eq!(ask(&with, FAR, STATUS, &[TOKEN]), Ok(()));
        assert_eq!(ask(&with, FAR, STATUS, &[]), Err(OperatorDenied::Token));
        let not_local = Err(OperatorDenied::NotLocal(NotLocal::Address));
        assert_eq!(ask(&without, FAR, STATUS, &[TOKEN]), not_local);
        let wrong = ("authorization", "Bearer other");
        assert_eq!(
            ask(&with, LOCAL, STATUS, &[wrong]),
            Err(OperatorDenied::Token)
        );
    }

    #[test]
    fn rebound_name_reads_nothing() {
        let rebound = ("host", "evil.example:5115");
        let not_local = Err(OperatorDenied::NotLocal(NotLocal::Host));
        assert_eq!(ask(&access(None), LOCAL, STATUS, &[rebound]), not_local);
        let token = Err(OperatorDenied::Token);
        assert_eq!(
            ask(&access(Some("secret")), LOCAL, STATUS, &[rebound]),
            token
        );
    }

    #[test]
    fn control_needs_token_and_json() {
        let (with, without) = (access(Some("secret")), access(None));
        assert_eq!(ask(&with, FAR, DRAIN, &[TOKEN, JSON]), Ok(()));
        assert_eq!(
            ask(&with, LOCAL, DRAIN, &[JSON]),
            Err(OperatorDenied::Token)
        );
        let none = Err(OperatorDenied::NoToken);
        assert_eq!(ask(&without, LOCAL, DRAIN, &[TOKEN, JSON]), none);
        for kind in ["text/plain", "application/jsonp", ""] {
            let headers = [TOKEN, ("content-type", kind)];
            assert_eq!(
                ask(&with, LOCAL, DRAIN, &headers),
                Err(OperatorDenied::ContentType)
            );
        }
        assert_eq!(
            ask(&with, LOCAL, DRAIN, &[TOKEN]),
            Err(OperatorDenied::ContentType)
        );
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let access = access(Some("secret"));
        let others = [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ];
        for other in others {
            for asked in [STATUS, DRAIN, PAGE] {
                let denied = ask(&access, LOCAL, asked, &[TOKEN, JSON, other]);
                assert_eq!(
                    denied,
                    Err(OperatorDenied::OtherPage),
                    "{asked:?} {other:?}"
                );
            }
        }
        let link = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
        ];
        assert_eq!(
            ask(&access, LOCAL, PAGE, &link),
            Ok(()),
            "a link to the page"
        );
        assert_eq!(
            ask(&access, LOCAL, STATUS, &link),
            Err(OperatorDenied::OtherPage)
        );
        let own = [("origin", "http://127.0.0.1:5115"), TOKEN, JSON];
        assert_eq!(ask(&access, LOCAL, DRAIN, &own), Ok(()));
    }

    #[test]
    fn networks_count_for_every_purpose() {
        let allow = vec!["10.0.0.0/8".parse().unwrap()];
        let access = Access::new(None, Vec::new(), allow);
        for asked in [STATUS, PAGE, DRAIN] {
            let denied = ask(&access, LOCAL, asked, &[JSON]);
            assert_eq!(denied, Err(OperatorDenied::Network(AccessDenied::Network)));
        }
    }
}
