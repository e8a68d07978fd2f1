//! `POST /submit-*`: the key first, then the size, then the JSON, then the protocol.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequestParts, State, rejection::BytesRejection},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;
use tig_protocol::api::{
    SubmitBenchmarkResponse, SubmitPrecommitResponse, SubmitProofResponse, Verified,
};
use tracing::{info, warn};

use super::ApiError;
use crate::{Devnet, network::ProofVerdict};

const API_KEY_HEADER: &str = "x-api-key";

/// Proofs whose re-execution is due; more are refused until some are done.
const PROOFS_WAITING_MAX: usize = 1024;

/// The player who owns the API key of the request.
pub(super) struct Player(String);

impl FromRequestParts<Devnet> for Player {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, devnet: &Devnet) -> Result<Self, ApiError> {
        parts
            .headers
            .get(API_KEY_HEADER)
            .and_then(|key| devnet.player_of(key.to_str().ok()?))
            .map(|player_id| Self(player_id.to_owned()))
            .ok_or(ApiError::Unauthorized)
    }
}

type Body = Result<Bytes, BytesRejection>;

pub(super) async fn submit_precommit(
    State(devnet): State<Devnet>,
    player: Player,
    body: Body,
) -> Result<Json<SubmitPrecommitResponse>, ApiError> {
    let request = decode(body)?;
    let benchmark_id = devnet
        .network()
        .submit_precommit(&player.0, request)
        .inspect_err(log_refusal)?;
    info!(benchmark_id, "precommit accepted");
    Ok(Json(SubmitPrecommitResponse { benchmark_id }))
}

pub(super) async fn submit_benchmark(
    State(devnet): State<Devnet>,
    player: Player,
    body: Body,
) -> Result<Json<SubmitBenchmarkResponse>, ApiError> {
    devnet
        .network()
        .submit_benchmark(&player.0, decode(body)?)
        .inspect_err(log_refusal)?;
    Ok(Json(SubmitBenchmarkResponse { ok: true }))
}

pub(super) async fn submit_proof(
    State(devnet): State<Devnet>,
    player: Player,
    body: Body,
) -> Result<Json<SubmitProofResponse>, ApiError> {
    let request = decode(body)?;
    let mut network = devnet.network();
    if network.num_reexecutions() >= PROOFS_WAITING_MAX {
        return Err(ApiError::Busy);
    }
    let verdict = network
        .submit_proof(&player.0, request)
        .inspect_err(log_refusal)?;
    drop(network);
    let verified = match verdict {
        ProofVerdict::Verified => {
            devnet.proof_waits();
            Verified::Ok
        }
        ProofVerdict::Fraud(error) => {
            warn!(allegation = %error, "fraud");
            Verified::Err(error.to_string())
        }
    };
    Ok(Json(SubmitProofResponse { verified }))
}

fn decode<T: DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    let bytes = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::Malformed(rejection.body_text()),
    })?;
    serde_json::from_slice(&bytes).map_err(|error| ApiError::Malformed(error.to_string()))
}

fn log_refusal(error: &crate::network::ProtocolError) {
    info!(%error, "submission refused");
}
