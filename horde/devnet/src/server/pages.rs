//! What a miner serves over HTTP: its version and its receipts (section 2.5).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::hub::Hub;
use crate::receipts::{Range, Slice};

/// What the names of pages end with.
const PAGE_SUFFIX: &str = ".jsonl";

pub(super) async fn version() -> Json<Value> {
    Json(json!({
        "miner_version": env!("CARGO_PKG_VERSION"),
        "runner_version": env!("CARGO_PKG_NAME"),
    }))
}

/// The CSV file.
pub(super) async fn csv(State(hub): State<Arc<Hub>>) -> Response {
    let read = move || {
        hub.with_verified(|miner| {
            let file = miner.receipts().csv(hub.now_us());
            file.map_err(|error| error.to_string())
        })
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(file)) => ([(header::CONTENT_TYPE, "text/csv")], file).into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page, or the part of it that the header `Range` asks for.
pub(super) async fn page(
    State(hub): State<Arc<Hub>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let number = name.strip_suffix(PAGE_SUFFIX).map(str::parse);
    let Some(Ok(number)) = number else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let read =
        move || hub.with_verified(|miner| miner.receipts().page(number, miner.clock_off_us()));
    match tokio::task::spawn_blocking(read).await {
        Ok(Some(page)) => part_of(page, &headers),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn part_of(page: String, headers: &HeaderMap) -> Response {
    let total = page.len();
    let range = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let content_range = |text: String| [(header::CONTENT_RANGE, text)];
    match Range::slice(range, total) {
        Slice::Whole => (JSONL, page).into_response(),
        Slice::Part(part) => {
            let placed = content_range(format!("bytes {}-{}/{total}", part.start, part.end - 1));
            let mut bytes = page.into_bytes();
            bytes.truncate(part.end);
            let bytes = bytes.split_off(part.start);
            (
                StatusCode::PARTIAL_CONTENT,
                JSONL,
                placed,
                Body::from(bytes),
            )
                .into_response()
        }
        Slice::Outside => {
            let placed = content_range(format!("bytes */{total}"));
            (StatusCode::RANGE_NOT_SATISFIABLE, placed).into_response()
        }
    }
}

const JSONL: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "application/jsonl"),
    (header::ACCEPT_RANGES, "bytes"),
];
