//! HTTP as extensions see it: requests that the host sends for them, and requests to their routes.

use serde::{Deserialize, Serialize};

use crate::http_answer::{HttpAnswer, find_header};
use crate::{Result, frame};

/// Method of an [`HttpCall`]. A host too old to know one refuses the call with an error text.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `HEAD`: the response has headers and no body.
    Head,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The method as requests spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Head => "HEAD",
            Self::Delete => "DELETE",
        }
    }
}

/// A request that the host sends after the handler has returned `Ok`; the response comes as an [`HttpResponse`].
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HttpCall {
    /// Chosen by the extension to find the response again.
    pub tag: String,
    /// Method.
    pub method: Method,
    /// Absolute URL.
    pub url: String,
    /// Names and values, sent as they are.
    pub headers: Vec<(String, String)>,
    /// Request body, empty for none.
    #[serde(skip)]
    pub body: Vec<u8>,
    /// Time from sending to the last byte of the response, in milliseconds. Where the host limits the rate, the call
    /// waits for its turn at most as long.
    pub timeout_ms: u64,
    /// A longer response body is a failure.
    pub max_body_bytes: u64,
}

/// How an [`HttpCall`] waits for its turn where the host limits how many requests a minute go to an API host.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Turn {
    /// Which of the requests that wait goes first.
    pub priority: Priority,
    /// Milliseconds that the request may wait for its turn; a call that would wait longer fails as
    /// [`HttpFailureKind::RateLimited`] at once. `None`: as long as the call may take.
    pub wait_ms_max: Option<u64>,
}

/// Urgency of a request to an API host, the most urgent first.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Goes before all others that wait.
    High,
    /// The priority of [`crate::Context::http`].
    #[default]
    Normal,
    /// Goes after all others that wait, and takes at most a third of the turns per minute, so that later requests find
    /// some left.
    Low,
}

/// The outcome of an [`HttpCall`].
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The call's tag.
    pub tag: String,
    /// The response with any status, or the failure.
    pub result: std::result::Result<HttpAnswer, HttpFailure>,
}

/// Why an [`HttpCall`] got no whole response. The request may have reached the server all the same.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HttpFailure {
    /// The class of the failure.
    pub kind: HttpFailureKind,
    /// The failure in words, without secrets.
    pub text: String,
    /// The limit that a call failed as [`HttpFailureKind::RateLimited`] has met, if the host knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

impl HttpFailure {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: HttpFailureKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            rate_limit: None,
        }
    }
}

/// The limit that a call has met.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RateLimit {
    /// Requests of the call's priority that may go to the API host each minute; `None` if the API host itself has asked
    /// for a pause.
    pub allowed_per_minute: Option<u32>,
    /// Milliseconds until the next turn.
    pub wait_ms: u64,
}

/// Classes of [`HttpFailure`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpFailureKind {
    /// The call's time was over.
    Timeout,
    /// No connection, so nothing was sent: refused, unreachable, not made in 10 s, name not found, TLS failure.
    Connect,
    /// Not sent: the turn that the host's limit for this API host leaves would come after the call's time.
    RateLimited,
    /// The body was longer than the call allowed.
    TooLarge,
    /// Anything else: a broken connection, a malformed response or request.
    Other,
}

/// A request to one of the extension's routes. Headers with a secret reach only the extension that owns the route.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HttpRequest {
    /// Method in upper case.
    pub method: String,
    /// Path, percent-encoded as sent.
    pub path: String,
    /// What follows `?`, empty for none.
    pub query: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Address and port of the client.
    pub peer: String,
    /// Body, within the host's limit.
    #[serde(skip)]
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// Value of the first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }
}

/// Room for the usual JSON of a reply; a longer one makes its own.
const JSON_BYTES: usize = 1_024;

/// Reply to an [`HttpRequest`], sent when the handler's effects are on disk.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HttpReply {
    /// Status code.
    pub status: u16,
    /// Value of the `Content-Type` header.
    pub content_type: String,
    /// See [`HttpReply::hold`]; `None` to send at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u64>,
    /// Further headers, such as `Cache-Control`; the host leaves out those that belong to the connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Body.
    #[serde(skip)]
    pub body: Vec<u8>,
}

impl HttpReply {
    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks the host to park the request for up to so many milliseconds: the route is called again when the extension
    /// calls [`crate::Context::wake`], and this reply is sent when the time is over. The time counts from the first
    /// call. Requests with a body are not parked.
    #[must_use]
    pub fn hold(self, milliseconds: u64) -> Self {
        Self {
            hold_ms: Some(milliseconds),
            ..self
        }
    }

    /// A JSON reply.
    ///
    /// # Errors
    ///
    /// `value` has no JSON form, such as a map whose keys are not strings.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Result<Self> {
        let mut body = Vec::with_capacity(JSON_BYTES);
        serde_json::to_writer(&mut body, value)?;
        Ok(Self {
            status,
            content_type: "application/json".to_owned(),
            hold_ms: None,
            headers: Vec::new(),
            body,
        })
    }

    /// A plain text reply.
    #[must_use]
    pub fn text(status: u16, text: &str) -> Self {
        Self {
            status,
            content_type: "text/plain".to_owned(),
            hold_ms: None,
            headers: Vec::new(),
            body: text.as_bytes().to_vec(),
        }
    }

    /// A JSON reply of the form `{"error": text}`.
    #[must_use]
    pub fn error(status: u16, text: &str) -> Self {
        let body = serde_json::json!({ "error": text }).to_string();
        Self {
            content_type: "application/json".to_owned(),
            ..Self::text(status, &body)
        }
    }
}

/// The part of an [`HttpResponse`] that goes before the body.
#[derive(Deserialize, Serialize)]
struct ResponseHead {
    tag: String,
    status: Option<u16>,
    failure: Option<HttpFailure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
}

impl HttpResponse {
    /// The form in which the response crosses the boundary.
    ///
    /// # Errors
    ///
    /// The head has no JSON form; does not happen for values of this type.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut head = ResponseHead {
            tag: self.tag.clone(),
            status: None,
            failure: None,
            headers: Vec::new(),
        };
        match &self.result {
            Ok(answer) => {
                head.status = Some(answer.status);
                head.headers.clone_from(&answer.headers);
                frame::encode(&head, &answer.body)
            }
            Err(failure) => {
                head.failure = Some(failure.clone());
                frame::encode(&head, &[])
            }
        }
    }

    /// Reads what [`HttpResponse::encode`] wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not such a frame.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (head, body): (ResponseHead, _) = frame::decode(bytes)?;
        let result = match (head.status, head.failure) {
            (Some(status), _) => Ok(HttpAnswer {
                status,
                headers: head.headers,
                body: body.to_vec(),
            }),
            (None, Some(failure)) => Err(failure),
            (None, None) => crate::bail!("http response has neither status nor failure"),
        };
        Ok(Self {
            tag: head.tag,
            result,
        })
    }
}

/// The head of a call, with how it waits.
#[derive(Serialize)]
struct CallHead<'a> {
    #[serde(flatten)]
    call: &'a HttpCall,
    #[serde(flatten)]
    turn: Turn,
}

impl HttpCall {
    /// The form in which the call crosses the boundary together with how it waits. A host that knows no turns reads the
    /// call alone.
    ///
    /// # Errors
    ///
    /// As for [`HttpCall::encode`].
    pub fn encode_with(&self, turn: Turn) -> Result<Vec<u8>> {
        frame::encode(&CallHead { call: self, turn }, &self.body)
    }

    /// Reads how the call waits; the default if the plugin does not say.
    ///
    /// # Errors
    ///
    /// The bytes are not the frame of a call.
    pub fn decode_turn(bytes: &[u8]) -> Result<Turn> {
        Ok(frame::decode(bytes)?.0)
    }
}

/// Types that cross as a JSON head and a raw body.
macro_rules! framed {
    ($type:ident) => {
        impl $type {
            /// The form in which the value crosses the boundary.
            ///
            /// # Errors
            ///
            /// The head has no JSON form; does not happen for values of this type.
            pub fn encode(&self) -> Result<Vec<u8>> {
                frame::encode(self, &self.body)
            }

            /// Reads what `encode` wrote.
            ///
            /// # Errors
            ///
            /// The bytes are not such a frame.
            pub fn decode(bytes: &[u8]) -> Result<Self> {
                let (mut value, body): (Self, _) = frame::decode(bytes)?;
                value.body = body.to_vec();
                Ok(value)
            }
        }
    };
}

framed!(HttpCall);
framed!(HttpRequest);
framed!(HttpReply);
