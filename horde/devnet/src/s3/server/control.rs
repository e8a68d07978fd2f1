//! Routes for whoever runs the service, at paths that no bucket can have: `GET /-/report`, `GET /-/journal?from=NUMBER` and
//! `POST /-/faults` with `{"faults": ["NAME[:ARG][@CALL[=PATH]][*TIMES]", ...]}`, which replaces the faults.

use axum::Json;
use axum::body::Body;
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::s3::fault::S3Faults;
use crate::s3::hub::Hub;
use crate::server::raw_http::plain;

/// The beginning of all routes.
pub(super) const PATH_START: &str = "/-/";
const FROM_START: &str = "from=";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultOrder {
    faults: Vec<String>,
}

pub(super) fn answer(
    hub: &Hub,
    method: &Method,
    route: &str,
    query: &str,
    body: &[u8],
) -> Response<Body> {
    match (method.as_str(), route) {
        ("GET", "report") => Json(hub.report()).into_response(),
        ("GET", "journal") => journal(hub, query),
        ("POST", "faults") => match set_faults(hub, body) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(reason) => plain(StatusCode::BAD_REQUEST, reason + "\n"),
        },
        _ => {
            let text = "the routes are GET /-/report, GET /-/journal and POST /-/faults\n";
            plain(StatusCode::NOT_FOUND, text.to_owned())
        }
    }
}

fn journal(hub: &Hub, query: &str) -> Response<Body> {
    let from = match query {
        "" => Some(0),
        query => query
            .strip_prefix(FROM_START)
            .and_then(|from| from.parse().ok()),
    };
    match from {
        Some(from) => Json(hub.journal_from(from)).into_response(),
        None => {
            let text = "write ?from=NUMBER, or nothing\n".to_owned();
            plain(StatusCode::BAD_REQUEST, text)
        }
    }
}

fn set_faults(hub: &Hub, body: &[u8]) -> Result<(), String> {
    let order: FaultOrder = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let faults = S3Faults::parse(&order.faults);
    let faults = faults.map_err(|error| tig_process::error_chain::error_chain(&error))?;
    hub.set_faults(faults);
    Ok(())
}
