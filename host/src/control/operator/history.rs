//! The history of metrics.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{Api, blocking, failure};
use crate::observe::history::{HistoryError, HistoryQuery};

/// Requests that read the history at the same time; the others wait without a thread. The history serves one after the other
/// anyway, and threads for blocking work are few.
pub(super) const READERS_COUNT_MAX: usize = 1;

/// A request that waits longer for its turn is refused. A page asks for all of its plots at once, so it must be able to wait.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

/// Seconds after which a refused request may be repeated.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

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
    let turn = match take_turn(&api.readers, TURN_TIMEOUT).await {
        Ok(turn) => turn,
        Err(busy) => return busy,
    };
    // The files may have to come from the disk. The turn goes along: the work goes on when the client is gone.
    let read = move || {
        let _turn = turn;
        api.control.history().query(&query, now_ms)
    };
    match blocking(read).await {
        Ok(reply) => Json(reply).into_response(),
        Err(error) => refused(&error),
    }
}

pub(super) async fn metrics(State(api): State<Api>) -> Response {
    let turn = match take_turn(&api.readers, TURN_TIMEOUT).await {
        Ok(turn) => turn,
        Err(busy) => return busy,
    };
    let read = move || {
        let _turn = turn;
        api.control.history().metrics()
    };
    match blocking(read).await {
        Ok(metrics) => Json(metrics).into_response(),
        Err(error) => refused(&error),
    }
}

/// Waits until the request may read the history.
///
/// # Errors
///
/// The response, if too many others are before it.
async fn take_turn(
    readers: &Arc<Semaphore>,
    wait: Duration,
) -> Result<OwnedSemaphorePermit, Response> {
    if let Ok(Ok(turn)) = timeout(wait, Arc::clone(readers).acquire_owned()).await {
        return Ok(turn);
    }
    let text = "too many requests read the history; ask again in some seconds";
    let mut busy = failure(StatusCode::SERVICE_UNAVAILABLE, text);
    busy.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    Err(busy)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reader_waits_for_its_turn_or_is_refused() {
        let readers = Arc::new(Semaphore::new(READERS_COUNT_MAX));
        let first = take_turn(&readers, Duration::ZERO).await.unwrap();
        let busy = take_turn(&readers, Duration::ZERO).await.unwrap_err();
        assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(busy.headers().contains_key(RETRY_AFTER));
        let second = tokio::spawn(async move { take_turn(&readers, TURN_TIMEOUT).await.is_ok() });
        tokio::task::yield_now().await;
        drop(first);
        assert!(second.await.unwrap(), "it had to wait only");
    }
}
