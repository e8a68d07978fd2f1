//! Routes for whoever runs the facilitator: faults at run time, and the report.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Shared;
use crate::facilitator::fault::Faults;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultOrder {
    faults: Vec<String>,
}

pub(super) async fn report(State(shared): State<Shared>) -> Response {
    match tokio::task::spawn_blocking(move || shared.hub.report()).await {
        Ok(report) => Json(report).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(super) async fn set_faults(
    State(shared): State<Shared>,
    order: Result<Json<FaultOrder>, JsonRejection>,
) -> Response {
    let refuse = |reason: String| (StatusCode::BAD_REQUEST, reason + "\n").into_response();
    let order = match order {
        Ok(Json(order)) => order,
        Err(rejection) => return refuse(rejection.body_text()),
    };
    match Faults::parse(&order.faults) {
        Ok(faults) => {
            shared.hub.set_faults(faults);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => refuse(tig_process::error_chain::error_chain(&error)),
    }
}
