//! The history of metrics.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Api, blocking, failure};
use crate::observe::history::{HistoryError, HistoryQuery};

/// Keys and values of a query.
type Pairs = Query<Vec<(String, String)>>;

pub(super) async fn history(
    State(api): State<Api>,
    pairs: Result<Pairs, QueryRejection>,
) -> Response {
    let Query(pairs) = match pairs {
        Ok(pairs) => pairs,
        Err(rejection) => return failure(rejection.status(), &rejection.body_text()),
    };
    let now_ms = api.control.now_ms();
    let query = match HistoryQuery::from_pairs(&pairs, now_ms) {
        Ok(query) => query,
        Err(error) => return refused(&error),
    };
    // The files may have to come from the disk.
    match blocking(move || api.control.history().query(&query, now_ms)).await {
        Ok(reply) => Json(reply).into_response(),
        Err(error) => refused(&error),
    }
}

pub(super) async fn metrics(State(api): State<Api>) -> Response {
    match blocking(move || api.control.history().metrics()).await {
        Ok(metrics) => Json(metrics).into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &HistoryError) -> Response {
    let status = match error {
        HistoryError::Value { .. }
        | HistoryError::Key(_)
        | HistoryError::NoMetric
        | HistoryError::Interval => StatusCode::BAD_REQUEST,
        HistoryError::UnknownMetric(_) => StatusCode::NOT_FOUND,
        HistoryError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
        HistoryError::Off => StatusCode::SERVICE_UNAVAILABLE,
    };
    failure(status, &tig_process::error_chain::error_chain(error))
}
