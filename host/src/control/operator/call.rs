//! Calls of extensions' commands, with one answer for all their reports.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use serde_json::value::RawValue;
use tig_process::error_chain::error_chain;
use tokio::time::{Instant, timeout_at};

use super::{Api, failure, read_json};
use crate::control::calls::{ARGUMENTS_BYTES_MAX, Call, CallError};
use crate::control::report::CallReport;
use crate::runtime::commands::CommandReport;

/// A command that takes longer goes on; its caller gets its progress so far.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The last lines of progress that are kept for the caller.
const PROGRESS_COUNT_MAX: usize = 200;

pub(super) async fn call(
    State(api): State<Api>,
    Path((extension, command)): Path<(String, String)>,
    body: Body,
) -> Response {
    let until = Instant::now() + CALL_TIMEOUT;
    let arguments: Value = match read_json(body, ARGUMENTS_BYTES_MAX).await {
        Ok(arguments) => arguments,
        Err(refusal) => return refusal,
    };
    let started = timeout_at(until, api.control.call(&extension, &command, &arguments)).await;
    match started {
        Ok(Ok(call)) => follow(call, until).await,
        Ok(Err(error)) => failure(call_status(&error), &error_chain(&error)),
        // The extension is busy; the call waits in its mailbox.
        Err(_) => unfinished(VecDeque::new()),
    }
}

async fn follow(mut call: Call, until: Instant) -> Response {
    let mut progress = VecDeque::new();
    loop {
        match timeout_at(until, call.next()).await {
            Ok(Ok(CommandReport::Progress(text))) => {
                if progress.len() >= PROGRESS_COUNT_MAX {
                    progress.pop_front();
                }
                progress.push_back(text);
            }
            Ok(Ok(CommandReport::Finished { code, value })) => {
                let value = serde_json::from_slice::<Box<RawValue>>(&value).ok();
                let code = Some(code);
                let report = CallReport {
                    code,
                    value,
                    progress,
                };
                return Json(report).into_response();
            }
            Ok(Err(error)) => return failure(call_status(&error), &error_chain(&error)),
            Err(_) => return unfinished(progress),
        }
    }
}

/// The work goes on; what comes of it is not reported.
fn unfinished(progress: VecDeque<String>) -> Response {
    let report = CallReport {
        code: None,
        value: None,
        progress,
    };
    (StatusCode::ACCEPTED, Json(report)).into_response()
}

/// The status of a call that failed.
pub(in crate::control) fn call_status(error: &CallError) -> StatusCode {
    match error {
        CallError::UnknownExtension { .. } | CallError::UnknownCommand { .. } => {
            StatusCode::NOT_FOUND
        }
        CallError::Arguments { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        CallError::NotStarted { .. } => StatusCode::CONFLICT,
        CallError::TooManyWaited(_) | CallError::Lost { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}
