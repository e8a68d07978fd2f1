//! A client of the operator's API on a running host's admin socket.

use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tig_process::error_chain::error_chain;
use tokio::runtime::Runtime;

use super::admin::{AdminError, Where};
use crate::control::admin::AdminFile;
use crate::control::report::FailureReport;
use crate::http::server::METRICS_PATH;

/// Time for a reply: some wait for the host's own threads, or for an extension that is busy.
const REPLY_TIMEOUT: Duration = Duration::from_secs(40);

/// Time to connect on loopback.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Characters of a failed reply in a form that is not the host's own.
const REASON_COUNT_MAX: usize = 200;

/// Connections to a running host.
#[derive(Clone, Debug)]
pub(super) struct OperatorClient {
    file: AdminFile,
    http: Client,
}

impl OperatorClient {
    /// A client of the host that `place` names.
    ///
    /// # Errors
    ///
    /// No host runs there.
    pub(super) fn new(place: &Where) -> Result<Self, AdminError> {
        let file = place.admin_file()?;
        let http = Client::builder()
            // Loopback is not for proxies, whatever the environment says, and has no TLS.
            .no_proxy()
            .tls_built_in_root_certs(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REPLY_TIMEOUT)
            .build();
        let pid = file.pid;
        let http = http.map_err(|source| AdminError::Unreachable { pid, source })?;
        Ok(Self { file, http })
    }

    /// Process id of the host.
    pub(super) fn pid(&self) -> u32 {
        self.file.pid
    }

    /// `GET` of a path below `/operator/`.
    ///
    /// # Errors
    ///
    /// See [`AdminError`].
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(String, String)],
    ) -> Result<T, AdminError> {
        let request = self.http.request(Method::GET, self.url(path)).query(query);
        self.send(request).await
    }

    /// The metrics as text.
    ///
    /// # Errors
    ///
    /// See [`AdminError`].
    pub(super) async fn metrics(&self) -> Result<String, AdminError> {
        let url = format!("http://{}{METRICS_PATH}", self.file.address);
        let body = self.send_for_bytes(self.http.get(url)).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// `POST` to a path below `/operator/`.
    ///
    /// # Errors
    ///
    /// See [`AdminError`].
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, AdminError> {
        let request = self.http.request(Method::POST, self.url(path)).json(body);
        self.send(request).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/operator/{path}", self.file.address)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, AdminError> {
        Ok(serde_json::from_slice(
            &self.send_for_bytes(request).await?,
        )?)
    }

    /// The body of a reply that is a success.
    async fn send_for_bytes(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Vec<u8>, AdminError> {
        let pid = self.file.pid;
        let unreachable = |source| AdminError::Unreachable { pid, source };
        let request = request.bearer_auth(self.file.token.reveal());
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = bytes(response).await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(body);
        }
        Err(AdminError::from_failure(status, failure(status, &body)))
    }
}

async fn bytes(response: Response) -> Result<Vec<u8>, reqwest::Error> {
    Ok(response.bytes().await?.into())
}

/// The reason in a reply: an extension's panel may have a form of its own for it.
fn failure(status: StatusCode, body: &[u8]) -> FailureReport {
    serde_json::from_slice(body).unwrap_or_else(|_| {
        let text: String = String::from_utf8_lossy(body)
            .chars()
            .take(REASON_COUNT_MAX)
            .collect();
        let text = text.trim();
        let error = if text.is_empty() {
            format!("the host replies {status}")
        } else {
            format!("the host replies {status}: {text}")
        };
        FailureReport { error }
    })
}

/// A part of a path, with everything escaped that has a meaning in it.
pub(super) fn path_part(name: &str) -> String {
    let mut part = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => part.push(byte.into()),
            _ => part.push_str(&format!("%{byte:02X}")),
        }
    }
    part
}

/// A runtime for one command.
///
/// # Errors
///
/// The system has no room for it.
pub(super) fn runtime() -> Result<Runtime, AdminError> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().map_err(AdminError::System)
}

/// Whether another try may succeed, since the host may be starting.
pub(super) fn is_away(error: &AdminError) -> bool {
    matches!(
        error,
        AdminError::NotRunning { .. } | AdminError::Unreachable { .. } | AdminError::Token(_)
    )
}

/// The error on one line.
pub(super) fn text(error: &AdminError) -> String {
    error_chain(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_of_a_path_is_escaped() {
        assert_eq!(path_part("a_b-1"), "a_b-1");
        assert_eq!(path_part("../x?y é"), "%2E%2E%2Fx%3Fy%20%C3%A9");
    }

    #[test]
    fn failure_of_another_form_is_cut() {
        let text = |body: &str| failure(StatusCode::NOT_FOUND, body.as_bytes()).error;
        assert_eq!(text(r#"{"error":"no such job"}"#), "no such job");
        assert_eq!(text(""), "the host replies 404 Not Found");
        let long = text(&"x".repeat(1_000));
        assert_eq!(
            long.len(),
            "the host replies 404 Not Found: ".len() + REASON_COUNT_MAX
        );
    }
}
