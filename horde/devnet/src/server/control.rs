//! Routes for whoever runs the network: vices at run time, and reports.
//!
//! `GET /miners` lists addresses, `GET /report` what the miners have seen, `DELETE /report` forgets that, and `POST /vice` with
//! `{"miner": 3, "vices": ["slow:200", "twice"]}` gives a miner other vices (all miners, without `miner`; none, with an empty
//! list). `/trusted/report` and `/trusted/vice` are the same for the trusted miner.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use tig_process::error_chain::error_chain;

use super::guard;
use crate::control::Control;
use crate::vice::Vices;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ViceOrder {
    miner: Option<usize>,
    vices: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustedViceOrder {
    vices: Vec<String>,
}

pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/miners", get(miners))
        .route("/report", get(report).delete(clear_report))
        .route("/vice", post(set_vices))
        .route(
            "/trusted/report",
            get(trusted_report).delete(clear_trusted_report),
        )
        .route("/trusted/vice", post(set_trusted_vices))
        .layer(middleware::from_fn(guard::guard))
        .with_state(control)
}

async fn miners(State(control): State<Control>) -> Response {
    Json(control.miners()).into_response()
}

async fn report(State(control): State<Control>) -> Response {
    match tokio::task::spawn_blocking(move || control.reports()).await {
        Ok(reports) => Json(reports).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn clear_report(State(control): State<Control>) -> StatusCode {
    match tokio::task::spawn_blocking(move || control.clear_reports()).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn set_vices(
    State(control): State<Control>,
    order: Result<Json<ViceOrder>, JsonRejection>,
) -> Response {
    let (miner, vices) = match order {
        Ok(Json(ViceOrder { miner, vices })) => (miner, Vices::parse(&vices)),
        Err(rejection) => return refuse(rejection.body_text()),
    };
    let vices = match vices {
        Ok(vices) => vices,
        Err(error) => return refuse(error_chain(&error)),
    };
    match control.set_vices(miner, &vices) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(error.to_string()),
    }
}

async fn trusted_report(State(control): State<Control>) -> Response {
    match control.trusted() {
        Some(trusted) => Json(trusted.report()).into_response(),
        None => no_trusted(),
    }
}

async fn clear_trusted_report(State(control): State<Control>) -> Response {
    match control.trusted() {
        Some(trusted) => trusted.clear_report(),
        None => return no_trusted(),
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn set_trusted_vices(
    State(control): State<Control>,
    order: Result<Json<TrustedViceOrder>, JsonRejection>,
) -> Response {
    let Some(trusted) = control.trusted() else {
        return no_trusted();
    };
    let vices = match order {
        Ok(Json(TrustedViceOrder { vices })) => Vices::parse(&vices),
        Err(rejection) => return refuse(rejection.body_text()),
    };
    match vices {
        Ok(vices) => trusted.set_vices(vices),
        Err(error) => return refuse(error_chain(&error)),
    }
    StatusCode::NO_CONTENT.into_response()
}

fn refuse(reason: String) -> Response {
    (StatusCode::BAD_REQUEST, reason + "\n").into_response()
}

fn no_trusted() -> Response {
    let text = "this network has no trusted miner; start it with --trusted-port\n";
    (StatusCode::NOT_FOUND, text).into_response()
}
