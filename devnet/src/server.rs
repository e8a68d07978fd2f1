//! The API over HTTP: reads a request, asks [`Devnet`], carries the outcome out.
//!
//! Errors are `text/plain`, exactly so: clients of the time show the body only then.

mod admin;
mod guard;

use std::time::{Duration, SystemTime};

use admin::Admin;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response as HttpResponse;
use axum::{Router, middleware};

use crate::api::{BODY_BYTES_MAX, Request, Response};
use crate::faults::Outcome;
use crate::{ApiKey, Devnet};

const API_KEY_HEADER: &str = "x-api-key";

/// How long a request without an answer is held open.
const HANG_MS_MAX: u64 = 600_000;

/// All routes of the devnet, for programs of this machine: web pages change nothing, and under a name that is not of
/// loopback there is nothing. Orders are under `/devnet/admin/`.
pub fn router(devnet: Devnet) -> Router {
    router_with_token(devnet, None)
}

/// The same; orders need the token, if there is one.
pub fn router_with_token(devnet: Devnet, token: Option<ApiKey>) -> Router {
    let admin = Admin {
        devnet: devnet.clone(),
        token,
    };
    Router::new()
        .fallback(answer)
        .with_state(devnet)
        .merge(admin::router(admin))
        .layer(middleware::from_fn(guard::guard))
}

async fn answer(State(devnet): State<Devnet>, request: HttpRequest) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.ok();
    if parts.method != Method::POST {
        return carry_out(outcome(&devnet, &parts, body.as_deref())).await;
    }
    // Proofs take time, and so may the disk.
    let answered =
        tokio::task::spawn_blocking(move || outcome(&devnet, &parts, body.as_deref())).await;
    carry_out(
        answered.unwrap_or_else(|error| Outcome::at_once(Response::text(500, error.to_string()))),
    )
    .await
}

/// Without a body if that is too long, or the client went away in its middle and reads no answer.
fn outcome(devnet: &Devnet, parts: &Parts, body: Option<&[u8]>) -> Outcome {
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let request = Request {
        method: parts.method.as_str(),
        path_and_query: parts
            .uri
            .path_and_query()
            .map_or("/", |path_and_query| path_and_query.as_str()),
        api_key: text(API_KEY_HEADER),
        if_none_match: text(header::IF_NONE_MATCH.as_str()),
        body: body.unwrap_or_default(),
    };
    match body {
        Some(_) => devnet.answer(&request),
        None => Outcome::at_once(devnet.answer_too_large(&request)),
    }
}

async fn carry_out(outcome: Outcome) -> HttpResponse {
    if outcome.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(outcome.delay_ms)).await;
    }
    let response = match outcome.response {
        Some(response) => response,
        None => {
            tokio::time::sleep(Duration::from_millis(HANG_MS_MAX)).await;
            Response::text(504, "no answer")
        }
    };
    let mut response = http(response);
    if outcome.clock_skew_ms != 0 {
        let date = HeaderValue::from_str(&skewed_date(outcome.clock_skew_ms));
        if let Ok(date) = date {
            response.headers_mut().insert(header::DATE, date);
        }
    }
    response
}

fn skewed_date(skew_ms: i64) -> String {
    let skew = Duration::from_millis(skew_ms.unsigned_abs());
    let now = SystemTime::now();
    let shifted = if skew_ms < 0 {
        now.checked_sub(skew)
    } else {
        now.checked_add(skew)
    };
    httpdate::fmt_http_date(shifted.unwrap_or(now))
}

fn http(response: Response) -> HttpResponse {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(response.content_type),
    );
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    let mut http = HttpResponse::new(Body::from(response.body));
    // The API answers with statuses that exist.
    *http.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *http.headers_mut() = headers;
    http
}
