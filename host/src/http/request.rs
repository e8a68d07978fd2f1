//! Reads what the listener gets, and encodes it for extensions.

use std::error::Error;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde::{Serialize, Serializer};
use tig_plugin_api::is_of_another_page;
use tig_process::error_chain::error_chain;
use tokio::time::{Instant, timeout, timeout_at};

use crate::runtime::extension::Extension;
use crate::runtime::long_messages::{LongMessage, SHORT_BYTES_MAX};
use crate::runtime::route_request::RouteRequest;

/// A longer body is rejected with 413.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 20;

/// A body that takes longer is rejected with 408. A long one gets this time once more when there is room for it.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// A long body that waits longer for room is rejected with 503. Clients wait for replies for half a minute or more, and should learn the
/// reason.
const BODY_ROOM_TIMEOUT: Duration = Duration::from_secs(10);

/// A long body that has room is rejected with 408 if its next share takes longer: it keeps the room from others.
const BODY_SHARE_TIMEOUT: Duration = Duration::from_secs(10);

/// Number of shares of a long body. Half the speed at which it would end within [`BODY_TIMEOUT`] is enough for each, so that a client of
/// uneven speed is not rejected.
const BODY_SHARES: usize = 12;

/// How fast a body must come: a share of it before the deadline, again and again until its end.
struct Pace {
    share_bytes: usize,
    share_timeout: Duration,
    /// Bytes of the present share that have come.
    received_bytes: usize,
    deadline: Instant,
}

impl Pace {
    fn new(share_bytes: usize, share_timeout: Duration) -> Self {
        Self {
            share_bytes,
            share_timeout,
            received_bytes: 0,
            deadline: Instant::now() + share_timeout,
        }
    }

    /// Any pace at which a body ends within [`BODY_TIMEOUT`].
    fn any() -> Self {
        Self::new(1, BODY_TIMEOUT)
    }

    /// Counts a part that has come.
    fn count(&mut self, bytes: usize, now: Instant) {
        self.received_bytes += bytes;
        if self.received_bytes >= self.share_bytes {
            self.received_bytes = 0;
            self.deadline = now + self.share_timeout;
        }
    }
}

/// Status and text for a request that gets no reply.
pub(crate) type Refusal = (StatusCode, String);

/// The JSON form of a [`tig_plugin_api::HttpRequest`], from what the listener holds: polls come by the thousand, and
/// strings of their own would cost more than the JSON.
#[derive(Serialize)]
struct Head<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Headers<'a>,
    peer: SocketAddr,
}

struct Headers<'a>(&'a HeaderMap);

impl Serialize for Headers<'_> {
    /// Replaces what is not text in a value, so that an extension sees at least that the header is there: a proxy's
    /// header that a client has spoilt still shows that the request was forwarded.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let headers = self.0.iter();
        serializer.collect_seq(headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str(), value)
        }))
    }
}

/// The request of the client at `peer`, without its body.
///
/// # Errors
///
/// The head is longer than a frame allows; no head is, within the limits of the HTTP server.
pub(crate) fn encode_head<B>(
    peer: SocketAddr,
    request: &Request<B>,
) -> tig_plugin_api::Result<RouteRequest> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let head = Head {
        method,
        path,
        query: request.uri().query().unwrap_or_default(),
        headers: Headers(request.headers()),
        peer,
    };
    RouteRequest::new(method, path, &head)
}

/// Reads a body of at most `bytes_max` to its end.
///
/// # Errors
///
/// The status and the text of the rejection.
pub(crate) async fn read_body<B>(body: B, bytes_max: usize) -> Result<Vec<u8>, Refusal>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut bytes = Vec::new();
    let push = |part: &[u8]| {
        bytes.extend_from_slice(part);
        Ok(())
    };
    if read_parts(pin!(body), (bytes_max, Pace::any()), push).await? {
        Ok(bytes)
    } else {
        Err(too_long(bytes_max))
    }
}

/// Reads the body of `request`, which has none yet, to its end. A long body waits until there is room for it in the budget
/// of `extension`, and its room is returned.
///
/// # Errors
///
/// The status and the text of the rejection.
pub(crate) async fn read_route_body<B>(
    body: B,
    request: &mut RouteRequest,
    extension: &Extension,
) -> Result<Option<LongMessage>, Refusal>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    let announced = body.size_hint();
    // Before anything is read, and before it takes room from others.
    if announced.lower() > BODY_BYTES_MAX as u64 {
        return Err(too_long(BODY_BYTES_MAX));
    }
    // Whatever is announced: a client that only announces a long body must not keep others waiting.
    let mut reading = extension.reading.begin();
    let push = |part: &[u8]| {
        if !reading.add(part.len()) {
            return Err(no_room(&extension.name));
        }
        request.push_body(part);
        Ok(())
    };
    let short = (SHORT_BYTES_MAX, Pace::any());
    if read_parts(body.as_mut(), short, push).await? {
        return Ok(None);
    }
    let left = BODY_BYTES_MAX.checked_sub(request.body_bytes());
    let left = left.ok_or_else(|| too_long(BODY_BYTES_MAX))?;
    // Taken at once for the whole body: bodies that are read in part would wait for each other's room.
    let bytes = match announced.upper().map(usize::try_from) {
        Some(Ok(bytes)) => bytes.min(BODY_BYTES_MAX),
        _ => BODY_BYTES_MAX,
    };
    let room = timeout(BODY_ROOM_TIMEOUT, extension.long_bodies.take(bytes)).await;
    let room = room.map_err(|_| no_room(&extension.name))?;
    drop(reading);
    // A share of the room: a body that keeps more of it from others has to hurry more.
    let pace = Pace::new(bytes / BODY_SHARES, BODY_SHARE_TIMEOUT);
    let push = |part: &[u8]| {
        request.push_body(part);
        Ok(())
    };
    if read_parts(body, (left, pace), push).await? {
        Ok(room)
    } else {
        Err(too_long(BODY_BYTES_MAX))
    }
}

/// Reads `body` into `push`, part by part, until more than `bytes_max` bytes have come or `push` refuses a part; `true` if its end
/// comes before.
///
/// # Errors
///
/// The status and the text of the rejection.
async fn read_parts<B>(
    mut body: Pin<&mut B>,
    (bytes_max, mut pace): (usize, Pace),
    mut push: impl FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<bool, Refusal>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let reading = async {
        let mut left = bytes_max;
        loop {
            let next = poll_fn(|context| body.as_mut().poll_frame(context));
            let next = timeout_at(pace.deadline, next).await;
            let next = next.map_err(|_| too_slow())?;
            let Some(frame) = next else {
                return Ok(true);
            };
            let frame = frame.map_err(|error| unreadable(&*error.into()))?;
            // Trailers are of no use to anybody.
            let Some(part) = frame.data_ref() else {
                continue;
            };
            // Copied, and not kept: a body in parts of a byte each would take many times its length.
            push(part)?;
            match left.checked_sub(part.len()) {
                Some(rest) => left = rest,
                None => return Ok(false),
            }
            pace.count(part.len(), Instant::now());
        }
    };
    timeout(BODY_TIMEOUT, reading)
        .await
        .unwrap_or_else(|_| Err(too_slow()))
}

fn too_slow() -> Refusal {
    let text =
        "the body takes too long; send it faster, or less of it, and state its length".to_owned();
    (StatusCode::REQUEST_TIMEOUT, text)
}

fn unreadable(error: &dyn Error) -> Refusal {
    let text = format!("the body cannot be read: {}", error_chain(error));
    (StatusCode::BAD_REQUEST, text)
}

fn too_long(bytes_max: usize) -> Refusal {
    let text = format!("the body is longer than {bytes_max} bytes");
    (StatusCode::PAYLOAD_TOO_LARGE, text)
}

fn no_room(extension: &str) -> Refusal {
    let text = format!(
        "other requests take up the memory that extension `{extension}` has for their bodies; try again later"
    );
    (StatusCode::SERVICE_UNAVAILABLE, text)
}

/// Whether a page of another site has caused the request. Following a link to this host is allowed: the browser shows
/// the response to its user, not to the page.
pub(crate) fn is_from_another_page<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    if !headers.contains_key(ORIGIN) && !headers.contains_key("sec-fetch-site") {
        return false;
    }
    let is_link = request.method() == Method::GET
        && headers
            .get("sec-fetch-mode")
            .is_some_and(|mode| mode == "navigate");
    !is_link && is_of_another_page(&pairs(headers))
}

/// Names and values; a value that is not text is empty.
pub(crate) fn pairs(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use axum::body::Body;
    use axum::http::HeaderValue;
    use futures_util::{FutureExt, Stream, StreamExt};
    use hyper::body::{Frame, SizeHint};
    use tig_plugin_api::HttpRequest;

    use super::*;
    use crate::runtime::long_messages::READING_BYTES_MAX;

    async fn read(extension: &Extension, bytes: usize) -> Result<Option<LongMessage>, StatusCode> {
        let mut request = RouteRequest::new("POST", "/", &()).unwrap();
        let body = Body::from(vec![b'x'; bytes]);
        let room = read_route_body(body, &mut request, extension).await;
        let room = room.map_err(|(status, _)| status)?;
        assert_eq!(request.body_bytes(), bytes);
        Ok(room)
    }

    #[tokio::test]
    async fn only_long_bodies_wait_for_room() {
        let extension = Extension::new("x");
        let all = extension.long_bodies.take(usize::MAX).await;
        let short = read(&extension, SHORT_BYTES_MAX).now_or_never();
        assert!(matches!(short, Some(Ok(None))));
        let mut long = Box::pin(read(&extension, SHORT_BYTES_MAX + 1));
        assert!((&mut long).now_or_never().is_none());
        drop(all);
        assert!(matches!(long.await, Ok(Some(_))));
    }

    /// Many clients at once that end no body of theirs.
    #[tokio::test]
    async fn short_bodies_that_are_being_read_are_bounded() {
        let extension = Extension::new("x");
        let mut others = extension.reading.begin();
        assert!(others.add(READING_BYTES_MAX - 1));
        assert!(matches!(read(&extension, 1).await, Ok(None)));
        let rejected = read(&extension, 2).await.unwrap_err();
        assert_eq!(rejected, StatusCode::SERVICE_UNAVAILABLE);
        drop(others);
        assert!(matches!(read(&extension, 2).await, Ok(None)));
    }

    /// The outcome of a body that goes on like `rest` for ever.
    async fn outcome_of_slow_body(
        rest: impl Stream<Item = &'static str> + Send + 'static,
    ) -> StatusCode {
        let begun = futures_util::stream::iter(["x"]);
        let body = begun.chain(rest).map(Ok::<_, std::io::Error>);
        let body = pin!(Body::from_stream(body));
        let pace = Pace::new(BODY_BYTES_MAX / BODY_SHARES, Duration::from_millis(20));
        let read = read_parts(body, (BODY_BYTES_MAX, pace), |_| Ok(()));
        let read = timeout(BODY_SHARE_TIMEOUT, read).await.unwrap();
        read.unwrap_err().0
    }

    #[tokio::test]
    async fn stalled_body_is_rejected_with_408() {
        let stalled = futures_util::stream::pending();
        let status = outcome_of_slow_body(stalled).await;
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn dripping_body_is_rejected_with_408() {
        let drops = futures_util::stream::repeat("x").then(async |drop| {
            tokio::time::sleep(Duration::from_millis(1)).await;
            drop
        });
        let status = outcome_of_slow_body(drops).await;
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    }

    /// A body of this length, of which nothing comes.
    struct Announced(u64);

    impl hyper::body::Body for Announced {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Pending
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0)
        }
    }

    #[test]
    fn body_announced_too_long_is_not_read() {
        let extension = Extension::new("x");
        let mut request = RouteRequest::new("POST", "/", &()).unwrap();
        let body = Announced(BODY_BYTES_MAX as u64 + 1);
        let rejected = read_route_body(body, &mut request, &extension).now_or_never();
        let (status, _) = rejected.expect("rejected at once").unwrap_err();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn each_share_of_a_body_has_its_own_time() {
        let mut pace = Pace::new(10, BODY_SHARE_TIMEOUT);
        let begun = pace.deadline;
        let now = Instant::now() + BODY_TIMEOUT;
        pace.count(9, now);
        assert_eq!(pace.deadline, begun);
        pace.count(1, now);
        assert_eq!(pace.deadline, now + BODY_SHARE_TIMEOUT);
        pace.count(9, now + BODY_TIMEOUT);
        assert_eq!(pace.deadline, now + BODY_SHARE_TIMEOUT);
    }

    #[tokio::test]
    async fn body_beyond_the_limit_is_rejected_with_413() {
        let extension = Extension::new("x");
        assert!(read(&extension, BODY_BYTES_MAX).await.is_ok());
        let mut request = RouteRequest::new("POST", "/", &()).unwrap();
        let part = Bytes::from(vec![b'x'; BODY_BYTES_MAX / 64]);
        let parts = futures_util::stream::repeat(part).map(Ok::<_, std::io::Error>);
        let unannounced = Body::from_stream(parts);
        let rejected = read_route_body(unannounced, &mut request, &extension).await;
        let (status, _) = rejected.unwrap_err();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn head_is_encoded_as_the_plugin_api_encodes_it() {
        let opaque = HeaderValue::from_bytes(b"\xff via").unwrap();
        let request = Request::get("http://host/a%20b?c='d'")
            .header("User-Agent", "\"client\"\t1")
            .header("X-Twice", "1")
            .header("X-Twice", "2")
            .header("Via", opaque)
            .body(())
            .unwrap();
        let headers = [
            ("user-agent", "\"client\"\t1"),
            ("x-twice", "1"),
            ("x-twice", "2"),
            ("via", "\u{fffd} via"),
        ];
        for peer in ["127.0.0.1:4711", "[fe80::1%3]:1"] {
            let encoded = encode_head(peer.parse().unwrap(), &request).unwrap();
            let expected = HttpRequest {
                method: "GET".to_owned(),
                path: "/a%20b".to_owned(),
                query: "c='d'".to_owned(),
                headers: headers
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                peer: peer.to_owned(),
                body: b"body".to_vec(),
            };
            let whole = encoded.with_body(b"other").with_body(b"body");
            assert_eq!(whole.name(), "GET /a%20b");
            assert_eq!(whole.encoded(), expected.encode().unwrap());
            assert_eq!(whole.body_bytes(), 4);
        }
    }
}
