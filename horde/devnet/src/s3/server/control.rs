//! Routes for whoever runs the service, at paths that no bucket can have: `GET /-/report`, `GET /-/journal?from=NUMBER`,
//! `POST /-/faults` with `{"faults": ["NAME[:ARG][@CALL[=PATH]][*TIMES]", ...]}`, which replaces the faults, and
//! `PUT /-/objects/BUCKET/KEY`, which writes an object, whatever policies and faults say.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::s3::fault::S3Faults;
use crate::s3::hub::Hub;
use crate::server::raw_http::plain;

/// The beginning of all routes.
pub(super) const PATH_START: &str = "/-/";
const FROM_START: &str = "from=";
const OBJECTS_START: &str = "objects/";

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
        ("PUT", route) if route.starts_with(OBJECTS_START) => put_object(hub, route, body),
        _ => {
            let text = "the routes are GET /-/report, GET /-/journal, POST /-/faults and PUT /-/objects/BUCKET/KEY\n";
            plain(StatusCode::NOT_FOUND, text.to_owned())
        }
    }
}

fn put_object(hub: &Hub, route: &str, body: &[u8]) -> Response<Body> {
    let path = route.strip_prefix(OBJECTS_START).unwrap_or_default();
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    match !key.is_empty() && hub.plant(bucket, key, Bytes::copy_from_slice(body)) {
        true => StatusCode::NO_CONTENT.into_response(),
        false => {
            let text = format!(
                "there is no bucket {bucket:?}, or the object has no key or is too large\n"
            );
            plain(StatusCode::BAD_REQUEST, text)
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
