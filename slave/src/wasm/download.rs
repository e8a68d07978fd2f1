//! Fetching a module: one conditional GET, bounded in time and size.

use std::time::Duration;

use reqwest::header::{
    ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Client, StatusCode, redirect};
use tig_http_client::Trust;

use super::index::Validators;
use crate::body::{BodyError, read_body};
use crate::name::SlaveName;

/// Largest module; the network's largest is under half a megabyte.
const WASM_BYTES_MAX: usize = 16 << 20;
/// Time to connect to the download server.
const SERVER_CONNECT_MS_MAX: u64 = 5_000;
/// Time for the whole download.
const DOWNLOAD_MS_MAX: u64 = 60_000;
/// Redirects followed.
const REDIRECTS_MAX: usize = 3;

/// Answer of the URL.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The bytes have not changed since the server sent these validators.
    NotModified,
    /// These bytes.
    Bytes {
        bytes: Vec<u8>,
        validators: Validators,
    },
}

/// The module was not obtained.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DownloadError {
    #[error("cannot reach the download server")]
    Request(#[source] reqwest::Error),
    #[error("the download server sent a redirect that is not followed")]
    Redirect(#[source] RedirectFault),
    #[error("the download server answered {0}")]
    Status(StatusCode),
    #[error("cannot read the module")]
    Body(#[source] BodyError),
}

/// A redirect that is not followed.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum RedirectFault {
    #[error("more than {REDIRECTS_MAX} redirects, the last one to {0}")]
    TooMany(String),
    #[error(
        "from https to {0}, where the module could be changed on its way; ask for an https address"
    )]
    Insecure(String),
}

/// A client for downloads: no key or token is ever sent to the hosts that a master names.
pub(crate) fn client(name: &SlaveName, trust: &Trust) -> reqwest::Result<Client> {
    trust
        .client_builder()
        .user_agent(name.as_str())
        .connect_timeout(Duration::from_millis(SERVER_CONNECT_MS_MAX))
        .timeout(Duration::from_millis(DOWNLOAD_MS_MAX))
        .redirect(redirect::Policy::custom(follow))
        .build()
}

/// A module decides what this machine computes: once asked for over TLS it comes over TLS.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let target = attempt.url().to_string();
    let is_secure = attempt.previous().iter().all(|url| url.scheme() == "https");
    if is_secure && attempt.url().scheme() != "https" {
        attempt.error(RedirectFault::Insecure(target))
    } else if attempt.previous().len() > REDIRECTS_MAX {
        attempt.error(RedirectFault::TooMany(target))
    } else {
        attempt.follow()
    }
}

fn failed(error: reqwest::Error) -> DownloadError {
    let fault = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
    match fault.cloned() {
        Some(fault) => DownloadError::Redirect(fault),
        None => DownloadError::Request(error),
    }
}

/// Asks `url` for its module; `known` are the validators of the copy at hand, if there is one.
pub(crate) async fn fetch(
    client: &Client,
    url: &str,
    known: &Validators,
) -> Result<Answer, DownloadError> {
    let mut request = client.get(url);
    if let Some(etag) = &known.etag {
        request = request.header(IF_NONE_MATCH, etag);
    } else if let Some(date) = &known.last_modified {
        request = request.header(IF_MODIFIED_SINCE, date);
    }
    let response = request.send().await.map_err(failed)?;
    match response.status() {
        StatusCode::NOT_MODIFIED if !known.is_empty() => Ok(Answer::NotModified),
        StatusCode::OK => {
            let validators = validators(response.headers());
            let bytes = read_body(response, WASM_BYTES_MAX)
                .await
                .map_err(DownloadError::Body)?;
            Ok(Answer::Bytes { bytes, validators })
        }
        status => Err(DownloadError::Status(status)),
    }
}

/// A weak ETag does not promise the same bytes, and the bytes decide the runtime signature: it is not used.
fn validators(headers: &HeaderMap) -> Validators {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    Validators {
        etag: text(ETAG).filter(|etag| !etag.starts_with("W/")),
        last_modified: text(LAST_MODIFIED),
    }
}
