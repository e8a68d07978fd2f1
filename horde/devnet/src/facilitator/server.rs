//! The listener of a facilitator: the websocket of validators, the REST of users, the page, and control routes for programs.

mod access;
mod control;
mod jobs;
mod order_body;
mod page;
mod socket;
mod upgrade;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Router, middleware};
use horde_proto::Secret;
use horde_proto::facilitator::SOCKET_PATH;
use tokio::net::TcpListener;
use tracing::error;

use super::hub::Hub;

/// Bytes of a request's body: arguments beyond what a validator takes fit.
const ORDER_BYTES_MAX: usize = 4 << 20;

/// What all routes share.
#[derive(Clone, Debug)]
struct Shared {
    hub: Arc<Hub>,
    token: Secret,
}

/// Serves until the task ends.
pub(super) async fn serve(hub: Arc<Hub>, token: Secret, listener: TcpListener) {
    // An answer that waits for more to send would count as the facilitator's time.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    if let Err(error) = axum::serve(listener, router(Shared { hub, token })).await {
        error!(%error, "the facilitator has ended");
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route(SOCKET_PATH, get(upgrade::upgrade))
        .route("/api/v1/job-docker/", post(jobs::order_docker))
        .route("/api/v1/job-raw/", post(jobs::order_raw))
        .route("/api/v1/jobs/", get(jobs::list))
        .route("/api/v1/jobs/{uuid}/", get(jobs::job))
        .route("/control/report", get(control::report))
        .route("/control/faults", post(control::set_faults))
        .route("/", get(page::html))
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .layer(DefaultBodyLimit::max(ORDER_BYTES_MAX))
        .layer(middleware::from_fn(access::guard))
        .with_state(shared)
}
