//! The API as it was recorded, which goes on to the next block when it gets what it waits for.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::runtime::Runtime;

/// The API key of the command line.
pub(super) const API_KEY: &str = "0123456789abcdef0123456789abcdef";

/// Blocks, by number in the recording, that show something new: the beginning, and each kind of submission confirmed.
const BLOCKS: [usize; 4] = [0, 1, 3, 5];
/// What it waits for in all but the last of them.
const WANTED: [&str; 3] = ["/submit-precommit", "/submit-benchmark", "/submit-proof"];

/// What the master has sent.
struct Desk {
    exchanges: Vec<Value>,
    submissions: Vec<(String, Value)>,
    /// Kinds in [`WANTED`] that have come.
    stage: usize,
}

/// A server that answers as recorded.
pub(super) struct Api {
    pub(super) address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
    // Dropped last: ends the server.
    _runtime: Runtime,
}

impl Api {
    pub(super) fn start(exchanges: Vec<Value>) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Mutex::new(Desk {
            exchanges,
            submissions: Vec::new(),
            stage: 0,
        }));
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self {
            address,
            desk,
            _runtime: runtime,
        }
    }

    /// What was submitted to `path`.
    pub(super) fn submissions(&self, path: &str) -> Vec<Value> {
        let desk = self.desk.lock().unwrap();
        let submissions = desk.submissions.iter();
        submissions
            .filter(|(known, _)| known == path)
            .map(|(_, body)| body.clone())
            .collect()
    }
}

async fn answer(
    State(desk): State<Arc<Mutex<Desk>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut desk = desk.lock().unwrap();
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    if method == Method::POST {
        if headers.get("x-api-key").map(|key| key.as_bytes()) != Some(API_KEY.as_bytes()) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let body = serde_json::from_str(&body).unwrap();
        desk.submissions.push((path.to_owned(), body));
    }
    let Some((status, text)) = desk.recorded(&method, path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_wanted = WANTED.get(desk.stage) == Some(&path);
    desk.stage += usize::from(is_wanted && status == StatusCode::OK);
    let content_type = (header::CONTENT_TYPE, "application/json; charset=utf-8");
    (status, [content_type], text).into_response()
}

impl Desk {
    /// The recorded answer: for a block the present one, for a precommit after the first the refusal for want of fees.
    fn recorded(&self, method: &Method, path: &str) -> Option<(StatusCode, String)> {
        let mut exchanges = self.exchanges.iter().filter(|exchange| {
            let recorded = exchange["path"].as_str();
            exchange["method"] == method.as_str() && recorded.is_some_and(|it| same(it, path))
        });
        let exchange = match path {
            "/get-block" => exchanges.nth(BLOCKS[self.stage]),
            "/submit-precommit" => exchanges.nth(self.stage.min(1)),
            _ => exchanges.next(),
        }?;
        let status = u16::try_from(exchange["status"].as_u64()?).ok()?;
        Some((
            StatusCode::from_u16(status).ok()?,
            exchange["answer"].as_str()?.to_owned(),
        ))
    }
}

/// Whether path and query are the same, in whatever order the query has its parts.
fn same(one: &str, other: &str) -> bool {
    let parts = |path: &str| {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query: BTreeSet<String> = query.split('&').map(str::to_owned).collect();
        (path.to_owned(), query)
    };
    parts(one) == parts(other)
}
