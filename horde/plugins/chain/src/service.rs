//! Requests to the chain service (sections 5.2 and 10.11).

use horde_events::ChainRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use crate::config::Config;
use crate::limits::{ANSWER_MARGIN_MS, NEURONS_BODY_BYTES_MAX, SHORT_BODY_BYTES_MAX};

const USER_AGENT: &str = concat!("tig-host-horde-chain/", env!("CARGO_PKG_VERSION"));

/// Where requests go, and by what they are authenticated.
pub(crate) struct Service {
    prefix: String,
    has_identity: bool,
    token: Secret,
    timeout_ms: u64,
}

/// What is read of the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Query {
    /// The newest block alone; services before 2.3 do not know it.
    LatestBlock,
    /// All neurons at the newest block.
    LatestNeurons,
    /// All neurons at a block.
    NeuronsAt(u32),
}

/// How the answer of a call is read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// The service has taken it, and tries.
    Scheduled,
    /// It is in a block.
    Included,
    Commits,
    Limits,
}

impl Service {
    pub(crate) fn new(config: &Config, token: Secret) -> Self {
        let Config {
            url,
            identity,
            netuid,
            ..
        } = config;
        let url = url.trim_end_matches('/');
        let prefix = match identity.as_str() {
            "" => format!("{url}/api/v1/subnet/{netuid}"),
            identity => format!("{url}/api/v1/identity/{identity}/subnet/{netuid}"),
        };
        Self {
            prefix,
            has_identity: !identity.is_empty(),
            token,
            timeout_ms: config.timeout_ms,
        }
    }

    pub(crate) fn token(&self) -> &Secret {
        &self.token
    }

    pub(crate) fn query(&self, query: Query, tag: String) -> HttpCall {
        let (path, max_body_bytes) = match query {
            Query::LatestBlock => ("block/latest".to_owned(), SHORT_BODY_BYTES_MAX),
            Query::LatestNeurons => ("block/latest/neurons".to_owned(), NEURONS_BODY_BYTES_MAX),
            Query::NeuronsAt(block) => (format!("block/{block}/neurons"), NEURONS_BODY_BYTES_MAX),
        };
        HttpCall {
            max_body_bytes,
            ..self.request(tag, Method::Get, &path, Vec::new(), self.timeout_ms)
        }
    }

    /// The request of a call.
    ///
    /// # Errors
    ///
    /// The config has no identity that could make it.
    pub(crate) fn call(
        &self,
        request: &ChainRequest,
        tag: String,
        timeout_ms: u64,
    ) -> Result<HttpCall> {
        let reads_only = matches!(request, ChainRequest::ReadLimits);
        if !self.has_identity && !reads_only {
            bail!(
                "not sent: state the service's identity of this validator as config.horde_chain.identity"
            );
        }
        let (method, path, body) = target(request);
        let body = match body {
            Some(body) => serde_json::to_vec(&body)?,
            None => Vec::new(),
        };
        Ok(self.request(tag, method, path, body, timeout_ms))
    }

    fn request(
        &self,
        tag: String,
        method: Method,
        path: &str,
        body: Vec<u8>,
        timeout_ms: u64,
    ) -> HttpCall {
        let header = |name: &str, value: String| (name.to_owned(), value);
        let seconds = timeout_ms.saturating_sub(ANSWER_MARGIN_MS).div_ceil(1_000);
        let mut headers = vec![
            header("User-Agent", USER_AGENT.to_owned()),
            header("X-Pylon-Timeout", seconds.max(1).to_string()),
        ];
        let token = self.token.reveal();
        if !token.is_empty() {
            headers.push(header("Authorization", format!("Bearer {token}")));
        }
        if !body.is_empty() {
            headers.push(header("Content-Type", "application/json".to_owned()));
        }
        HttpCall {
            tag,
            method,
            url: format!("{}/{path}", self.prefix),
            headers,
            body,
            timeout_ms,
            max_body_bytes: SHORT_BODY_BYTES_MAX,
        }
    }
}

fn target(request: &ChainRequest) -> (Method, &'static str, Option<Value>) {
    match request {
        ChainRequest::SetWeightsByHotkey { weights } => {
            (Method::Put, "weights", Some(json!({ "weights": weights })))
        }
        ChainRequest::SetWeights {
            uids,
            values,
            version_key,
        } => {
            let body = json!({ "uids": uids, "values": values, "version_key": version_key });
            (Method::Post, "weights/set", Some(body))
        }
        ChainRequest::CommitWeights { commit_hash } => {
            let body = json!({ "commit_hash": commit_hash });
            (Method::Post, "weights/commit", Some(body))
        }
        ChainRequest::RevealWeights {
            uids,
            values,
            salt,
            version_key,
        } => {
            let body = json!({
                "uids": uids, "values": values, "salt": salt, "version_key": version_key,
            });
            (Method::Post, "weights/reveal", Some(body))
        }
        ChainRequest::ReadCommits => (Method::Get, "weights/commits", None),
        ChainRequest::ReadLimits => (Method::Get, "limits", None),
    }
}

impl Reply {
    /// How the answer to a request is read.
    pub(crate) fn of_request(request: &ChainRequest) -> Self {
        match request {
            ChainRequest::SetWeightsByHotkey { .. } => Self::Scheduled,
            ChainRequest::SetWeights { .. }
            | ChainRequest::CommitWeights { .. }
            | ChainRequest::RevealWeights { .. } => Self::Included,
            ChainRequest::ReadCommits => Self::Commits,
            ChainRequest::ReadLimits => Self::Limits,
        }
    }
}
