//! What changes the host: reloads, shadows, a drain.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::{Api, ORDER_BYTES_MAX, read_json, refused};
use crate::control::report::{DrainRequest, ReloadReport};

/// Changes nothing: whoever is replied to may change something.
pub(super) async fn check() -> Response {
    Json(serde_json::json!({})).into_response()
}

pub(super) async fn reload_all(State(api): State<Api>) -> Response {
    match api.control.reload_config().await {
        Ok(attempts) => Json(ReloadReport::from_attempts(&attempts)).into_response(),
        Err(error) => refused(&error),
    }
}

pub(super) async fn reload(State(api): State<Api>, Path(name): Path<String>) -> Response {
    match api.control.reload(&name).await {
        Ok(outcome) => Json(ReloadReport::from_outcome(&name, outcome)).into_response(),
        Err(error) => refused(&error),
    }
}

pub(super) async fn promote(State(api): State<Api>, Path(name): Path<String>) -> Response {
    match api.control.promote(&name).await {
        Ok(outcome) => Json(ReloadReport::from_outcome(&name, outcome)).into_response(),
        Err(error) => refused(&error),
    }
}

pub(super) async fn discard(State(api): State<Api>, Path(name): Path<String>) -> Response {
    match api.control.discard(&name).await {
        Ok(()) => Json(api.control.status()).into_response(),
        Err(error) => refused(&error),
    }
}

pub(super) async fn drain(State(api): State<Api>, body: Body) -> Response {
    match read_json::<DrainRequest>(body, ORDER_BYTES_MAX).await {
        Ok(request) => {
            let limit = request.seconds_max.map(Duration::from_secs);
            api.control.drain(limit);
            Json(api.control.status()).into_response()
        }
        Err(refusal) => refusal,
    }
}
