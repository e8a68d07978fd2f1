//! A master under the control of the test. It runs on a runtime of its own, so that it can vanish with all its connections.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tig_protocol::Batch;
use tokio::runtime::Runtime;

use crate::fixture::json;

/// Batches for the slave, and requests of the slave.
#[derive(Default)]
pub(crate) struct Seen {
    /// Bodies of the next answers to `GET /get-batch`; 404 when empty.
    pub(crate) queue: VecDeque<String>,
    pub(crate) polls: usize,
    pub(crate) user_agents: Vec<String>,
    /// Path and `Authorization` of each kind of request, in the order of the first.
    pub(crate) authorizations: Vec<(&'static str, Option<String>)>,
    /// Statuses of the next answers to uploads; 200 when empty.
    pub(crate) upload_statuses: VecDeque<u16>,
    pub(crate) upload_attempts: usize,
    /// Time that each upload takes.
    pub(crate) upload_time: Duration,
    /// Uploads answered 200: batch id and result.
    pub(crate) accepted: Vec<(String, Value)>,
    /// Batches given back: batch id and reason.
    pub(crate) released: Vec<(String, String)>,
    /// And for how long its algorithm cannot be run.
    pub(crate) retries_ms: Vec<Option<u64>>,
    /// Next answers to a download that are cut short.
    pub(crate) truncated_downloads: usize,
    /// Time that each download takes.
    pub(crate) download_time: Duration,
    pub(crate) wasm: Vec<u8>,
    pub(crate) etag: Option<String>,
    /// Statuses of the downloads answered.
    pub(crate) downloads: Vec<u16>,
}

type Shared = Arc<Mutex<Seen>>;

pub(crate) struct FakeMaster {
    pub(crate) address: SocketAddr,
    seen: Shared,
    runtime: Option<Runtime>,
}

impl FakeMaster {
    pub(crate) fn start() -> Self {
        let mut master = Self {
            address: "127.0.0.1:0".parse().unwrap(),
            seen: Shared::default(),
            runtime: None,
        };
        master.come_back();
        master
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap())
    }

    /// Offers this module and these batches.
    pub(crate) fn serve(&self, wasm: Vec<u8>, batches: &[Batch]) {
        self.seen(|seen| {
            seen.wasm = wasm;
            seen.queue.extend(batches.iter().map(json));
        });
    }

    /// Closes the port and every connection.
    pub(crate) fn go_away(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
        // The old runtime closes its sockets in its own time.
        while std::net::TcpStream::connect(self.address).is_ok() {
            std::thread::yield_now();
        }
    }

    /// Opens the port again.
    pub(crate) fn come_back(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let socket = std::net::TcpListener::bind(self.address).unwrap();
        socket.set_nonblocking(true).unwrap();
        self.address = socket.local_addr().unwrap();
        let routes = Router::new()
            .route("/get-batch", get(get_batch))
            .route("/submit-batch-result/{batch_id}", post(submit))
            .route("/release-batch/{batch_id}", post(release))
            .route("/wasm", get(wasm))
            .with_state(Arc::clone(&self.seen));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(socket).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
        self.runtime = Some(runtime);
    }
}

impl Drop for FakeMaster {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn note_name(seen: &mut Seen, headers: &HeaderMap) {
    let name = headers
        .get(header::USER_AGENT)
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    if !seen.user_agents.contains(&name) {
        seen.user_agents.push(name);
    }
}

fn note_authorization(seen: &mut Seen, path: &'static str, headers: &HeaderMap) {
    let value = headers.get(header::AUTHORIZATION);
    let noted = (path, value.map(|value| value.to_str().unwrap().to_owned()));
    if !seen.authorizations.contains(&noted) {
        seen.authorizations.push(noted);
    }
}

async fn get_batch(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let mut seen = shared.lock().unwrap();
    note_authorization(&mut seen, "/get-batch", &headers);
    note_name(&mut seen, &headers);
    seen.polls += 1;
    match seen.queue.pop_front() {
        Some(batch) => batch.into_response(),
        None => (StatusCode::NOT_FOUND, "No batches available").into_response(),
    }
}

async fn submit(
    State(shared): State<Shared>,
    Path(batch_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let upload_time = {
        let mut seen = shared.lock().unwrap();
        note_name(&mut seen, &headers);
        note_authorization(&mut seen, "/submit-batch-result", &headers);
        seen.upload_attempts += 1;
        seen.upload_time
    };
    tokio::time::sleep(upload_time).await;
    let mut seen = shared.lock().unwrap();
    let status = StatusCode::from_u16(seen.upload_statuses.pop_front().unwrap_or(200)).unwrap();
    if status.is_success() {
        seen.accepted
            .push((batch_id, serde_json::from_slice(&body).unwrap()));
    }
    (
        status,
        if status.is_success() {
            "OK"
        } else {
            "as the test wants"
        },
    )
        .into_response()
}

async fn release(
    State(shared): State<Shared>,
    Path(batch_id): Path<String>,
    body: Bytes,
) -> &'static str {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut seen = shared.lock().unwrap();
    seen.retries_ms.push(body["retry_ms"].as_u64());
    let reason = body["reason"].as_str().unwrap().to_owned();
    seen.released.push((batch_id, reason));
    "OK"
}

async fn wasm(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let download_time = shared.lock().unwrap().download_time;
    tokio::time::sleep(download_time).await;
    let mut seen = shared.lock().unwrap();
    note_name(&mut seen, &headers);
    note_authorization(&mut seen, "/wasm", &headers);
    let asked = headers
        .get(header::IF_NONE_MATCH)
        .map(|value| value.to_str().unwrap());
    if asked.is_some() && asked == seen.etag.as_deref() {
        seen.downloads.push(304);
        return StatusCode::NOT_MODIFIED.into_response();
    }
    seen.downloads.push(200);
    let mut bytes = seen.wasm.clone();
    if seen.truncated_downloads > 0 {
        seen.truncated_downloads -= 1;
        bytes.truncate(bytes.len() / 2);
    }
    match &seen.etag {
        Some(etag) => ([(header::ETAG, etag.clone())], bytes).into_response(),
        None => bytes.into_response(),
    }
}
