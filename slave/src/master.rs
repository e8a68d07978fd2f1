//! Talking to the master (benchmarker.md section 4, slave_manager; tig-api.md section 7).

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use tig_http_client::Trust;
use tig_process::error_chain::error_chain;
use tig_protocol::Batch;

use crate::body::{BodyError, read_body};
use crate::found::describe;
use crate::name::SlaveName;
use crate::token::Token;

/// The random hash that a result is for: after a rollback of the network, batches keep their ids and get another hash.
const RAND_HASH_HEADER: &str = "x-rand-hash";
/// Time to connect to the master.
const MASTER_CONNECT_MS_MAX: u64 = 5_000;
/// Time for a whole request.
const REQUEST_MS_MAX: u64 = 30_000;
/// Time that a master may hold a poll until it has a batch. A stock master answers at once.
pub(crate) const POLL_WAIT_MS: u64 = 20_000;
/// Time to give a batch back: it is a courtesy, the master's lease ends anyway.
const RELEASE_MS_MAX: u64 = 2_000;
/// Largest batch description; sampled nonces make up most of it.
const BATCH_BODY_BYTES_MAX: usize = 4 << 20;
/// Part of an error text that is kept.
const REASON_BYTES_MAX: usize = 1_024;

/// The master's HTTP interface.
#[derive(Debug, Clone)]
pub(crate) struct Master {
    client: Client,
    base: Url,
}

/// A poll failed. "No work" is not an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PollError {
    #[error("cannot reach the master")]
    Request(#[source] reqwest::Error),
    #[error("the master answered {status}: {reason}")]
    Status { status: StatusCode, reason: String },
    #[error("cannot read the batch")]
    Body(#[source] BodyError),
    #[error(
        "the master redirects to {0}; give that address on the command line if it is the master's"
    )]
    Redirect(String),
    #[error("the master sent {found} in place of a batch")]
    Json {
        found: String,
        #[source]
        source: serde_json::Error,
    },
}

/// Outcome of an upload.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// The master has stored the result.
    Accepted,
    /// The master rejects the result, now and later.
    Refused { status: StatusCode, reason: String },
    /// The master could not take the result now.
    Failed { cause: String },
}

impl Master {
    pub(crate) fn new(
        base: Url,
        name: &SlaveName,
        token: Option<&Token>,
        trust: &Trust,
    ) -> reqwest::Result<Self> {
        let headers = token.map(|token| (AUTHORIZATION, token.header()));
        let client = trust
            .client_builder()
            .user_agent(name.as_str())
            .default_headers(HeaderMap::from_iter(headers))
            .connect_timeout(Duration::from_millis(MASTER_CONNECT_MS_MAX))
            .timeout(Duration::from_millis(REQUEST_MS_MAX))
            .redirect(redirect::Policy::none())
            // The master is named by address, and is near.
            .no_proxy()
            .build()?;
        Ok(Self { client, base })
    }

    /// `GET /get-batch`; `None` means that there is no work.
    pub(crate) async fn next_batch(&self) -> Result<Option<Batch>, PollError> {
        let response = self
            .client
            .get(self.url("get-batch"))
            .query(&[("wait", POLL_WAIT_MS)])
            .send()
            .await
            .map_err(PollError::Request)?;
        match response.status() {
            StatusCode::OK => {
                let body = read_body(response, BATCH_BODY_BYTES_MAX)
                    .await
                    .map_err(PollError::Body)?;
                let batch = serde_json::from_slice(&body);
                batch.map(Some).map_err(|source| PollError::Json {
                    found: describe(&body),
                    source,
                })
            }
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_redirection() => Err(PollError::Redirect(target(&response))),
            status => Err(PollError::Status {
                status,
                reason: reason(response).await,
            }),
        }
    }

    /// `POST /submit-batch-result/<batch_id>` with the JSON `body`, and the random hash that it is for if that is known.
    pub(crate) async fn submit(
        &self,
        batch_id: &str,
        rand_hash: Option<&str>,
        body: Vec<u8>,
    ) -> Delivery {
        let url = self.url(&format!("submit-batch-result/{batch_id}"));
        let mut request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(rand_hash) = rand_hash {
            request = request.header(RAND_HASH_HEADER, rand_hash);
        }
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                judge(
                    status,
                    if status.is_success() {
                        String::new()
                    } else {
                        reason(response).await
                    },
                )
            }
            Err(error) => Delivery::Failed {
                cause: error_chain(&error),
            },
        }
    }

    /// Gives a batch back, so that the master need not wait for the lease to end: `POST /release-batch/<batch_id>` with
    /// `{"reason": text}`; with `retry_ms` if this slave cannot run the batch's algorithm for so long. Masters that do not know
    /// this answer 404, which changes nothing.
    pub(crate) async fn release(&self, batch: &Batch, why: &str, retry: Option<Duration>) {
        let mut body = serde_json::json!({ "reason": why });
        if let Some(retry) = retry {
            // Rounded up, so that the master does not offer one too early.
            body["retry_ms"] = u64::try_from(retry.as_millis())
                .unwrap_or(u64::MAX)
                .saturating_add(1)
                .into();
        }
        let request = self
            .client
            .post(self.url(&format!("release-batch/{}", batch.id())))
            .timeout(Duration::from_millis(RELEASE_MS_MAX))
            .json(&body);
        match request.send().await {
            Ok(response) => {
                tracing::debug!(batch_id = batch.id(), status = %response.status(), "batch given back")
            }
            Err(error) => tracing::debug!(
                batch_id = batch.id(),
                cause = error_chain(&error),
                "batch not given back"
            ),
        }
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }
}

/// Where a redirect points to, fit for one line of the log.
fn target(response: &Response) -> String {
    let header = response.headers().get(LOCATION);
    let text = header.map_or("nowhere".into(), |value| {
        String::from_utf8_lossy(value.as_bytes())
    });
    text.chars().take(REASON_BYTES_MAX).collect()
}

/// Only statuses that say something about the result itself are final. A wrong token, address or port, or a master without its
/// `slave_manager`, says nothing about it: the work is paid for, so it waits until somebody has put that right.
fn judge(status: StatusCode, reason: String) -> Delivery {
    let is_of_the_result = matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY
    );
    if status.is_success() {
        Delivery::Accepted
    } else if is_of_the_result {
        Delivery::Refused { status, reason }
    } else {
        Delivery::Failed {
            cause: format!("{status}: {reason}"),
        }
    }
}

/// The beginning of an error text, on one line, whatever the master sent.
async fn reason(mut response: Response) -> String {
    let mut body = Vec::new();
    while body.len() < REASON_BYTES_MAX
        && let Ok(Some(chunk)) = response.chunk().await
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(REASON_BYTES_MAX);
    String::from_utf8_lossy(&body).replace(|char: char| char.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusal_of_the_result_is_final() {
        let verdict = |status| judge(StatusCode::from_u16(status).unwrap(), String::new());
        for status in [200, 202, 204] {
            assert!(matches!(verdict(status), Delivery::Accepted), "{status}");
        }
        for status in [400, 409, 413, 422] {
            assert!(
                matches!(verdict(status), Delivery::Refused { .. }),
                "{status}"
            );
        }
        for status in [302, 401, 403, 404, 405, 408, 429, 500, 502, 503] {
            assert!(
                matches!(verdict(status), Delivery::Failed { .. }),
                "{status}"
            );
        }
    }
}
