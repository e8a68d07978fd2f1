//! HTTP as the commands need it: one request after another, without redirects, with bounds for time and size.

use std::error::Error;
use std::time::Duration;

use horde_s3::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use tig_http_client::{Trust, TrustError};
use tig_process::threads::{RuntimeThreads, ThreadsError};
use tokio::runtime::Runtime;

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time from the beginning of a request to the end of its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// A longer body is not read: what is read is a status, a set-up or an error.
const BODY_BYTES_MAX: usize = 4 << 20;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The authorities that are trusted cannot be read.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// No threads.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// The library has no client.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum HttpError {
    /// No connection, or it was lost.
    #[error("{host} cannot be reached: {cause}")]
    Unreachable {
        /// Whom.
        host: String,
        /// Why.
        cause: String,
    },
    /// It takes too long.
    #[error("{host} does not answer within {} s", REQUEST_TIMEOUT.as_secs())]
    Late {
        /// Who.
        host: String,
    },
    /// The answer is too long.
    #[error("the answer of {host} is longer than {BODY_BYTES_MAX} bytes")]
    Long {
        /// Whose.
        host: String,
    },
    /// A header or the URL cannot be sent.
    #[error("a request for {host} cannot be sent: {cause}")]
    Request {
        /// For whom.
        host: String,
        /// Why.
        cause: String,
    },
}

/// An answer, whose body is bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// Headers, with names in lower case; those that are not texts are left out.
    headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Whether the server has done what it was asked for.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as far as it is a text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[cfg(test)]
impl Answer {
    /// An answer of these parts.
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            status,
            headers: headers.iter().map(header).collect(),
            body: body.as_bytes().to_vec(),
        }
    }
}

/// What sends requests: HTTP, or a server within a test.
pub(crate) trait Transport {
    /// Sends a request and reads its answer.
    ///
    /// # Errors
    ///
    /// See [`HttpError`]. An answer that is not a success is not an error.
    fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer, HttpError>;
}

/// A client.
pub(crate) struct Http {
    runtime: Runtime,
    client: reqwest::Client,
}

impl Http {
    /// A client that trusts the authorities of the system.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub(crate) fn new() -> Result<Self, ClientError> {
        // Names are looked up on a thread of their own.
        let threads = RuntimeThreads { io: 0, blocking: 1 };
        let client = Trust::load(None)?
            .client_builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(Policy::none())
            .build()?;
        Ok(Self {
            runtime: threads.start("HTTP")?,
            client,
        })
    }
}

impl Transport for Http {
    fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer, HttpError> {
        let host = host(url);
        let unsent = |cause: String| HttpError::Request {
            host: host.clone(),
            cause,
        };
        let headers = header_map(headers).map_err(unsent)?;
        let method = reqwest::Method::from_bytes(method.as_str().as_bytes());
        let method = method.map_err(|error| unsent(error.to_string()))?;
        let request = self.client.request(method, url).headers(headers).body(body);
        let answer = self.runtime.block_on(read(request));
        answer.map_err(|error| failure(&host, error))
    }
}

enum ReadError {
    Request(reqwest::Error),
    Long,
}

impl From<reqwest::Error> for ReadError {
    fn from(error: reqwest::Error) -> Self {
        // A presigned URL is a secret for as long as it lives.
        Self::Request(error.without_url())
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer, ReadError> {
    let mut response = request.send().await?;
    let headers = response.headers().iter();
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let mut answer = Answer {
        status: response.status().as_u16(),
        headers: headers.filter_map(text).collect(),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await? {
        if answer.body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(ReadError::Long);
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn failure(host: &str, error: ReadError) -> HttpError {
    let host = host.to_owned();
    match error {
        ReadError::Long => HttpError::Long { host },
        ReadError::Request(error) if error.is_timeout() => HttpError::Late { host },
        ReadError::Request(error) => HttpError::Unreachable {
            host,
            cause: innermost(&error),
        },
    }
}

/// The last cause says what happened; those before say that something did.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let value = HeaderValue::from_str(value);
        // The value may be a secret.
        let value =
            value.map_err(|_| format!("the value of {name} has characters that no header has"))?;
        map.insert(name, value);
    }
    Ok(map)
}

/// Scheme, host and port of a URL, without what may be a secret in it.
fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers one request with these bytes.
    fn answer_once(bytes: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&bytes);
        });
        url
    }

    fn get(url: &str) -> Result<Answer, HttpError> {
        Http::new().unwrap().send(Method::Get, url, &[], Vec::new())
    }

    #[test]
    fn redirect_is_an_answer() {
        let url = answer_once(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nX-Amz-Bucket-Region: r\r\nContent-Length: 0\r\n\r\n".to_vec());
        let answer = get(&url).unwrap();
        assert_eq!(
            (answer.status, answer.header("x-amz-bucket-region")),
            (301, Some("r"))
        );
    }

    #[test]
    fn long_answer_is_not_read() {
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        bytes.resize(BODY_BYTES_MAX + 100, b'x');
        let error = get(&answer_once(bytes)).unwrap_err();
        assert!(matches!(error, HttpError::Long { .. }), "{error}");
    }

    #[test]
    fn failure_names_the_host_and_no_secret() {
        let error = get("http://u:pw@127.0.0.1:1/x?X-Amz-Signature=s").unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("http://127.0.0.1:1 cannot be reached: "),
            "{text}"
        );
        assert!(
            !text.contains("pw") && !text.contains("Signature"),
            "{text}"
        );
    }

    #[test]
    fn header_that_cannot_be_sent_is_an_error() {
        let headers = [("authorization".to_owned(), "secret\n".to_owned())];
        let error =
            Http::new()
                .unwrap()
                .send(Method::Get, "http://127.0.0.1:1/", &headers, Vec::new());
        let error = error.unwrap_err();
        assert!(matches!(error, HttpError::Request { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
