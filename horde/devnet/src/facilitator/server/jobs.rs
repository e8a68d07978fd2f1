//! The REST of users: orders, and what became of them.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use horde_proto::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::order_body::OrderBody;
use crate::facilitator::journal::JobRecord;

/// Jobs on a page of the list, if the user names no number.
const PAGE_SIZE_DEFAULT: usize = 10;
/// Jobs on a page of the list.
const PAGE_SIZE_MAX: usize = 100;

/// What stands before the token in the header `Authorization`.
const TOKEN_SCHEME: &str = "Token ";

#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    page: Option<usize>,
    page_size: Option<usize>,
}

pub(super) async fn order_docker(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Json<OrderBody>, JsonRejection>,
) -> Response {
    order(&shared, &headers, body, |body| {
        body.raw_script.is_empty() && !body.docker_image.is_empty()
    })
}

pub(super) async fn order_raw(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Json<OrderBody>, JsonRejection>,
) -> Response {
    order(&shared, &headers, body, |body| {
        body.docker_image.is_empty() && !body.raw_script.is_empty()
    })
}

/// A page of the jobs, the newest first.
pub(super) async fn list(
    State(shared): State<Shared>,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Response {
    if !is_user(&shared, &headers) {
        return no_user();
    }
    let query = match query {
        Ok(Query(query)) => query,
        Err(rejection) => return refuse(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    let page = query.page.unwrap_or(1).max(1);
    let size = query.page_size.unwrap_or(PAGE_SIZE_DEFAULT);
    let size = size.clamp(1, PAGE_SIZE_MAX);
    let skipped = (page - 1).saturating_mul(size);
    let (jobs, count) = shared.hub.newest_jobs(skipped, size);
    let now_us = shared.hub.now_us();
    let link = |page: usize| format!("/api/v1/jobs/?page={page}&page_size={size}");
    let results: Vec<Value> = jobs.iter().map(|job| shown(job, now_us)).collect();
    Json(json!({
        "count": count,
        "next": (skipped.saturating_add(size) < count).then(|| link(page + 1)),
        "previous": (page > 1).then(|| link(page - 1)),
        "results": results,
    }))
    .into_response()
}

pub(super) async fn job(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(uuid): Path<String>,
) -> Response {
    if !is_user(&shared, &headers) {
        return no_user();
    }
    match shared.hub.job(&uuid) {
        Some(job) => Json(shown(&job, shared.hub.now_us())).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "Not found."),
    }
}

fn order(
    shared: &Shared,
    headers: &HeaderMap,
    body: Result<Json<OrderBody>, JsonRejection>,
    is_complete: impl FnOnce(&OrderBody) -> bool,
) -> Response {
    if !is_user(shared, headers) {
        return no_user();
    }
    let body = match body {
        Ok(Json(body)) => body,
        Err(rejection) => return refuse(rejection.status(), &rejection.body_text()),
    };
    if !is_complete(&body) {
        let detail = "job-docker takes docker_image alone, job-raw takes raw_script alone";
        return refuse(StatusCode::BAD_REQUEST, detail);
    }
    let order = match body.order(headers) {
        Ok(order) => order,
        Err(detail) => return refuse(StatusCode::BAD_REQUEST, &detail),
    };
    let uuid = match shared.hub.submit(&order) {
        Ok(uuid) => uuid,
        Err(error) if error.is_temporary() => {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
        }
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match shared.hub.job(&uuid) {
        Some(job) => {
            let shown = shown(&job, shared.hub.now_us());
            (StatusCode::CREATED, Json(shown)).into_response()
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn is_user(shared: &Shared, headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION);
    let token = value
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix(TOKEN_SCHEME));
    token == Some(shared.token.as_str())
}

fn no_user() -> Response {
    refuse(
        StatusCode::UNAUTHORIZED,
        "send the facilitator's token: Authorization: Token …",
    )
}

fn refuse(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({"detail": detail}))).into_response()
}

/// A job as users see it.
fn shown(job: &JobRecord, now_us: i64) -> Value {
    let time = |us| Timestamp::from_unix_micros(us).map(|time| json!(time));
    let last = job.end().or_else(|| job.stored().next_back());
    let text = |select: fn(&crate::facilitator::StatusRecord) -> &String| {
        last.map(|status| select(status).as_str())
            .unwrap_or_default()
    };
    json!({
        "uuid": job.uuid,
        "status": job.state(),
        "is_dead": job.is_dead(now_us),
        "created_at": time(job.ordered_us),
        "last_update": time(last.map_or(job.ordered_us, |status| status.at_us)),
        "executor_class": job.executor_class,
        "docker_image": job.docker_image,
        "raw_script": job.raw_script,
        "args": job.args,
        "use_gpu": job.use_gpu,
        "version": job.version,
        "validator": job.validator,
        "miner_hotkey": job.miner_hotkey,
        "delivery_count": job.deliveries.len(),
        "comment": text(|status| &status.comment),
        "stdout": text(|status| &status.stdout),
        "stderr": text(|status| &status.stderr),
    })
}
