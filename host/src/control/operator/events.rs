//! The latest events; a request that is ahead of them is held until there is one.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::{Api, failure};
use crate::control::report::{EventReport, EventsReport};
use crate::runtime::bus::{Page, Wanted};

/// Longest time that a request is held.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Time between two looks for a held request: events come too often to wake it for each.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Requests that may be held at the same time.
pub(super) const WAITERS_COUNT_MAX: usize = 64;

/// Events of one answer.
const ANSWER_COUNT_MAX: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    after: Option<u64>,
    #[serde(default)]
    wait_ms: u64,
    extension: Option<String>,
    name: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn events(
    State(api): State<Api>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(rejection) => return failure(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    let mut wanted = Wanted {
        after: asked.after,
        emitter: asked.extension,
        name: asked.name,
        count: asked
            .limit
            .unwrap_or(ANSWER_COUNT_MAX)
            .min(ANSWER_COUNT_MAX),
    };
    let mut page = api.control.recent(&wanted);
    if !page.events.is_empty() || asked.wait_ms == 0 {
        return reply(page);
    }
    let Ok(_room) = api.waiters.try_acquire() else {
        let text = format!("{WAITERS_COUNT_MAX} requests wait for events already");
        return failure(StatusCode::SERVICE_UNAVAILABLE, &text);
    };
    let until = Instant::now() + Duration::from_millis(asked.wait_ms).min(WAIT_TIMEOUT);
    // What was lost before the wait is reported at its end.
    let lost = page.lost;
    while page.events.is_empty() && Instant::now() < until {
        wanted.after = Some(page.next);
        sleep(LOOK_INTERVAL).await;
        page = api.control.recent(&wanted);
    }
    page.lost += lost;
    reply(page)
}

fn reply(page: Page) -> Response {
    Json(EventsReport {
        events: page.events.iter().map(EventReport::new).collect(),
        next: page.next,
        lost: page.lost,
    })
    .into_response()
}
