//! The operator's API: what runs, what is wrong, what has happened, and how to act. The listener and the admin socket serve
//! the same paths; each decides for itself who may use them.

mod actions;
pub(super) mod call;
mod events;
mod history;
mod read;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::report::FailureReport;
use super::{Control, ControlError};
use crate::http::operator::check_content_type;
use crate::http::request::read_body;

/// Bytes of a request's body, but for the arguments of a call.
const ORDER_BYTES_MAX: usize = 16 << 10;

/// What the handlers share.
#[derive(Clone)]
struct Api {
    control: Control,
    /// Room for requests that are held until there is an event.
    waiters: Arc<Semaphore>,
    /// Room for readers of the history.
    readers: Arc<Semaphore>,
}

/// All paths under [`crate::http::operator::API_PATH`].
pub(crate) fn router(control: Control) -> Router {
    let api = Api {
        control,
        waiters: Arc::new(Semaphore::new(events::WAITERS_COUNT_MAX)),
        readers: Arc::new(Semaphore::new(history::READERS_COUNT_MAX)),
    };
    let routes = Router::new()
        .route("/status", get(read::status))
        .route("/conditions", get(read::conditions))
        .route("/events", get(events::events))
        .route("/history", get(history::history))
        .route("/history/metrics", get(history::metrics))
        .route("/panels", get(read::panels))
        .route("/commands", get(read::commands))
        .route("/openapi.json", get(read::openapi))
        .route("/control/check", post(actions::check))
        .route("/control/reload", post(actions::reload_all))
        .route("/control/reload/{name}", post(actions::reload))
        .route("/control/promote/{name}", post(actions::promote))
        .route("/control/discard/{name}", post(actions::discard))
        .route("/control/drain", post(actions::drain))
        .route("/control/call/{extension}/{command}", post(call::call))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(api);
    let routes = routes.layer(middleware::from_fn(guard));
    Router::new().nest("/operator/v1", routes)
}

/// Refuses a change in another form than JSON, and keeps browsers from storing or guessing.
async fn guard(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let checked = if reads {
        Ok(())
    } else {
        check_content_type(request.headers())
    };
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(denied) => failure(denied.status(), &denied.to_string()),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn unknown(State(_): State<Api>, request: Request) -> Response {
    let text = format!("there is no {} in this API", request.uri().path());
    failure(StatusCode::NOT_FOUND, &text)
}

async fn wrong_method(State(_): State<Api>, request: Request) -> Response {
    let text = format!("this path does not take {}", request.method());
    failure(StatusCode::METHOD_NOT_ALLOWED, &text)
}

/// The JSON of a request's body; an empty one is `{}`.
///
/// # Errors
///
/// The response that refuses it.
async fn read_json<T: DeserializeOwned>(body: Body, bytes_max: usize) -> Result<T, Response> {
    let read = read_body(body, bytes_max).await;
    let bytes = read.map_err(|(status, text)| failure(status, &text))?;
    let bytes = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
    serde_json::from_slice(bytes).map_err(|error| {
        let text = format!("the body is not the JSON of such a request: {error}");
        failure(StatusCode::BAD_REQUEST, &text)
    })
}

/// The response to a request that was refused.
pub(super) fn refused(error: &ControlError) -> Response {
    let status = match error {
        ControlError::Unknown { .. } => StatusCode::NOT_FOUND,
        ControlError::Config(_)
        | ControlError::Reload(_)
        | ControlError::Shadow(_)
        | ControlError::Reconfigure(_) => StatusCode::CONFLICT,
        ControlError::Stopping | ControlError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ControlError::Late => StatusCode::GATEWAY_TIMEOUT,
    };
    failure(status, &error.to_string())
}

/// A response with the reason of a failure.
pub(super) fn failure(status: StatusCode, text: &str) -> Response {
    let report = FailureReport {
        error: text.to_owned(),
    };
    (status, Json(report)).into_response()
}

/// A response with JSON that is at hand as text.
fn json_text(text: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, "application/json")], text.into()).into_response()
}

/// Runs `work`, which reads files, on a thread for blocking work.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // Only a panic of `work` ends it early: the panic goes on in the request's own task, which ends alone.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::extract::Path;

    use super::*;
    use crate::control::tests::Idle;

    /// Longer than a free thread takes to begin.
    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn waiting_orders_leave_blocking_threads_free() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let free = runtime.block_on(async {
            let idle = Idle::new();
            let api = Api {
                control: idle.control.clone(),
                waiters: Arc::new(Semaphore::new(1)),
                readers: Arc::new(Semaphore::new(1)),
            };
            tokio::spawn(actions::reload(State(api.clone()), Path("x".to_owned())));
            tokio::spawn(actions::reload_all(State(api)));
            // They wait as long as these messages are held.
            let _messages = [(); 2].map(|()| idle.messages.recv_timeout(PATIENCE));
            tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(|| ())).await
        });
        runtime.shutdown_background();
        assert!(free.is_ok(), "names can be looked up");
    }
}
