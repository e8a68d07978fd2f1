//! Requests to a server in the same process.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{get, put};
use tig_plugin_api::{HttpResponse, Rates, Turn};

use super::*;
use crate::runtime::item::Item;
use crate::runtime::mailbox::{Mailbox, Taken};

/// Ten zeros, compressed.
const BOMB: &[u8] = &[
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff, 0x33, 0x30, 0x80, 1, 0, 0xf6, 0x78, 0x62, 0, 10, 0, 0, 0,
];

/// The part of six letters that `range` asks for.
fn range_of(headers: &HeaderMap) -> impl IntoResponse + use<> {
    assert_eq!(headers["range"], "bytes=2-3");
    let range = [("content-range", "bytes 2-3/6")];
    (StatusCode::PARTIAL_CONTENT, range, &"abcdef"[2..=3])
}

async fn serve() -> String {
    let slow = || async {
        tokio::time::sleep(CALL_TIMEOUT_MAX).await;
    };
    let app = Router::new()
        .route("/ok", get(|| async { "body" }))
        .route("/slow/{secret}", get(slow))
        .route("/long", get(|| async { "12345" }))
        .route("/teapot", get(|| async { (StatusCode::IM_A_TEAPOT, "no") }))
        .route(
            "/busy",
            get(|| async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "120")], "") }),
        )
        .route(
            "/moved",
            get(|| async {
                (
                    StatusCode::MOVED_PERMANENTLY,
                    [("location", "https://new/5ec4e7?X-Amz-Signature=5ec4e7")],
                )
            }),
        )
        .route(
            "/echo",
            put(|body: String| async move { (StatusCode::CREATED, body) })
                .delete(|| async { StatusCode::NO_CONTENT })
                .get(|headers: HeaderMap| async move { range_of(&headers) }),
        )
        .route(
            "/cookies",
            get(|| async {
                let cookies = [("set-cookie", "a=1"), ("set-cookie", "b=2")];
                (AppendHeaders(cookies), "")
            }),
        )
        .route(
            "/bomb",
            get(|| async { ([("content-encoding", "gzip")], BOMB) }),
        )
        .route("/slow", get(slow));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

fn client() -> HttpClient {
    HttpClient::new(Handle::current(), &Trust::load(None).unwrap()).unwrap()
}

async fn get_url(url: String, timeout_ms: u64) -> HttpResponse {
    get_with(&client(), url, timeout_ms).await
}

async fn get_with(client: &HttpClient, url: String, timeout_ms: u64) -> HttpResponse {
    let call = call(Method::Get, url);
    send_with(client, HttpCall { timeout_ms, ..call }).await
}

fn call(method: Method, url: String) -> HttpCall {
    HttpCall {
        tag: "t".to_owned(),
        method,
        url,
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: 10_000,
        max_body_bytes: 4,
    }
}

/// Sends with a client of its own, and expects a response.
async fn answer(call: HttpCall) -> HttpAnswer {
    send_with(&client(), call).await.result.unwrap()
}

async fn send_with(client: &HttpClient, call: HttpCall) -> HttpResponse {
    let (mailbox, in_flight) = (Arc::<Mailbox>::default(), Arc::default());
    let turn = Turn::default();
    let queued = QueuedCall { call, turn };
    client.send(PendingCall::new(queued, Arc::clone(&mailbox), in_flight));
    let taken = tokio::task::spawn_blocking(move || mailbox.take())
        .await
        .unwrap();
    match taken {
        Taken::Item(Item::Response(bytes)) => HttpResponse::decode(&bytes).unwrap(),
        _ => panic!("expected a response"),
    }
}

#[tokio::test]
async fn response_carries_any_status() {
    let url = serve().await;
    let response = get_url(format!("{url}/ok"), 10_000).await;
    let answer = response.result.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"body"[..]));
    let response = get_url(format!("{url}/teapot"), 10_000).await;
    assert_eq!(response.result.unwrap().status, 418);
}

#[tokio::test]
async fn put_delivers_its_body() {
    let url = format!("{}/echo", serve().await);
    let put = call(Method::Put, url);
    let body = b"new".to_vec();
    let answer = answer(HttpCall { body, ..put }).await;
    assert_eq!((answer.status, answer.body.as_slice()), (201, &b"new"[..]));
}

#[tokio::test]
async fn delete_is_answered_without_a_body() {
    let url = format!("{}/echo", serve().await);
    let answer = answer(call(Method::Delete, url)).await;
    assert_eq!((answer.status, answer.body.as_slice()), (204, &b""[..]));
}

/// The length is that of the body which `GET` would bring, and longer than the call allows.
#[tokio::test]
async fn head_has_headers_and_no_body() {
    let url = format!("{}/long", serve().await);
    let answer = answer(call(Method::Head, url)).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b""[..]));
    assert_eq!(answer.header("content-length"), Some("5"));
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

#[tokio::test]
async fn part_of_a_file_comes_with_its_range() {
    let url = format!("{}/echo", serve().await);
    let headers = vec![("range".to_owned(), "bytes=2-3".to_owned())];
    let get = call(Method::Get, url);
    let answer = answer(HttpCall { headers, ..get }).await;
    assert_eq!((answer.status, answer.body.as_slice()), (206, &b"cd"[..]));
    assert_eq!(answer.header("content-range"), Some("bytes 2-3/6"));
}

#[tokio::test]
async fn repeated_headers_are_all_passed_on() {
    let url = format!("{}/cookies", serve().await);
    let answer = answer(call(Method::Get, url)).await;
    let cookies = answer.headers.iter();
    let cookies = cookies.filter(|(name, _)| name == "set-cookie");
    let cookies: Vec<&str> = cookies.map(|(_, value)| value.as_str()).collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
}

#[tokio::test]
async fn request_without_a_turn_in_time_is_not_sent() {
    let (url, client) = (serve().await, client());
    client.set_rates(RateTable::same(Rates {
        gets_per_minute: 1,
        posts_per_minute: 1,
    }));
    let first = get_with(&client, format!("{url}/ok"), 10_000).await;
    assert_eq!(first.result.unwrap().status, 200);
    let second = get_with(&client, format!("{url}/ok"), 10_000).await;
    let failure = second.result.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::RateLimited, "{failure:?}");
}

#[tokio::test]
async fn pause_asked_for_by_a_host_is_kept() {
    let (url, client) = (serve().await, client());
    let busy = get_with(&client, format!("{url}/busy"), 10_000).await;
    assert_eq!(busy.result.unwrap().status, 429);
    let next = get_with(&client, format!("{url}/ok"), 10_000).await;
    assert_eq!(next.result.unwrap_err().kind, HttpFailureKind::RateLimited);
}

#[tokio::test]
async fn redirect_fails_with_its_target() {
    let url = serve().await;
    let response = get_url(format!("{url}/moved"), 10_000).await;
    let failure = response.result.unwrap_err();
    assert!(failure.text.contains("https://new "), "{failure:?}");
}

/// The path of a webhook's URL is a secret, and the query of a presigned URL as long as that lives.
#[tokio::test]
async fn secrets_of_urls_are_not_in_texts_of_failures() {
    let url = serve().await;
    let cases = [
        (format!("{url}/slow"), 20),
        (format!("{url}/moved"), 10_000),
        (format!("{url}/slow/5ec4e7"), 20),
        ("http://127.0.0.1:1/services/5ec4e7".to_owned(), 10_000),
    ];
    for (url, timeout_ms) in cases {
        let signed = format!("{url}?X-Amz-Signature=5ec4e7");
        let failure = get_url(signed, timeout_ms).await.result.unwrap_err();
        assert!(!failure.text.contains("5ec4e7"), "{failure:?}");
        assert!(failure.text.contains("http"), "its host: {failure:?}");
    }
}

#[tokio::test]
async fn compressed_body_is_bounded_by_its_decoded_size() {
    let url = serve().await;
    let response = get_url(format!("{url}/bomb"), 10_000).await;
    let failure = response.result.unwrap_err();
    assert_eq!(failure.kind, HttpFailureKind::TooLarge, "{failure:?}");
}

#[tokio::test]
async fn failures_are_reported_by_kind() {
    let url = serve().await;
    let kind = |response: HttpResponse| response.result.unwrap_err().kind;
    assert_eq!(
        kind(get_url(format!("{url}/slow"), 20).await),
        HttpFailureKind::Timeout
    );
    assert_eq!(
        kind(get_url(format!("{url}/long"), 10_000).await),
        HttpFailureKind::TooLarge
    );
    assert_eq!(
        kind(get_url("http://127.0.0.1:1/".to_owned(), 10_000).await),
        HttpFailureKind::Connect
    );
    assert_eq!(
        kind(get_url("no url".to_owned(), 10_000).await),
        HttpFailureKind::Other
    );
}

/// It says that nothing was sent; a call whose time is over may have been received.
#[tokio::test]
async fn connection_not_made_in_time_is_no_timeout() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts it, so the system does not answer the next one.
    let _waiting = tokio::net::TcpStream::connect(address).await.unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let request = client.get(format!("http://{address}/"));
    let error = request.timeout(CALL_TIMEOUT_MAX).send().await.unwrap_err();
    let failure = failure(error);
    assert_eq!(failure.kind, HttpFailureKind::Connect, "{}", failure.text);
}

#[tokio::test]
async fn observing_client_sends_nothing_but_reads() {
    let hits = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&hits);
    let app = Router::new().fallback(move |method: axum::http::Method| {
        let is_read = method == axum::http::Method::GET || method == axum::http::Method::HEAD;
        count.fetch_add(if is_read { 1 } else { 1_000 }, Ordering::Relaxed);
        async { "ok" }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let client = HttpClient::observing(Handle::current(), &Trust::load(None).unwrap()).unwrap();
    let mailbox = Arc::<Mailbox>::default();
    let send = |call: HttpCall| {
        let turn = Turn::default();
        let queued = QueuedCall { call, turn };
        client.send(PendingCall::new(
            queued,
            Arc::clone(&mailbox),
            Arc::default(),
        ));
    };
    for method in [Method::Post, Method::Put, Method::Delete] {
        send(call(method, url.clone()));
    }
    let disguised = HttpCall {
        headers: vec![("X-HTTP-Method-Override".to_owned(), "POST".to_owned())],
        ..call(Method::Get, url.clone())
    };
    let with_body = HttpCall {
        body: b"x".to_vec(),
        ..call(Method::Get, url.clone())
    };
    send(disguised);
    send(with_body);
    assert_eq!((client.withheld().len(), client.in_flight()), (5, 0));
    // What was withheld would have come before this.
    get_with(&client, url.clone(), 10_000).await;
    let head = HttpCall {
        max_body_bytes: 10,
        ..call(Method::Head, url)
    };
    send_with(&client, head).await.result.unwrap();
    assert_eq!(hits.load(Ordering::Relaxed), 2);
    assert_eq!((client.withheld().len(), client.in_flight()), (5, 0));
}
