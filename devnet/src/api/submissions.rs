//! `POST /submit-*`: the key first, then the size, then the JSON, then the protocol.

use tig_protocol::api::{
    RequestApiKeyRequest, RequestApiKeyResponse, SubmitBenchmarkResponse, SubmitPrecommitResponse,
    SubmitProofResponse, SubmitTopupRequest, SubmitTopupResponse, Verified,
};
use tracing::{info, warn};

use super::errors::printable;
use super::queries::json;
use super::{Api, ApiError, Request, Response, decode_body};
use crate::network::{ProofVerdict, ProtocolError};

/// Proofs whose re-execution is due; more are refused until some are done.
const PROOFS_WAITING_MAX: usize = 1024;

impl Api {
    /// A submission of the player who owns the key.
    pub(super) fn submit(&mut self, request: &Request<'_>) -> Result<Response, ApiError> {
        let player_id = self.player(request)?.to_owned();
        match request.path() {
            "/submit-precommit" => self.submit_precommit(&player_id, request),
            "/submit-benchmark" => self.submit_benchmark(&player_id, request),
            "/submit-topup" => self.submit_topup(&player_id, request),
            _ => self.submit_proof(&player_id, request),
        }
    }

    fn submit_precommit(
        &mut self,
        player_id: &str,
        request: &Request<'_>,
    ) -> Result<Response, ApiError> {
        let benchmark_id = self
            .network
            .submit_precommit(player_id, decode_body(request)?)
            .inspect_err(log_refusal)?;
        info!(benchmark_id, "precommit accepted");
        json(&SubmitPrecommitResponse { benchmark_id })
    }

    /// A key for whoever asks: nobody else is on loopback.
    pub(super) fn request_api_key(&mut self, request: &Request<'_>) -> Result<Response, ApiError> {
        let RequestApiKeyRequest {
            address, signature, ..
        } = decode_body(request)?;
        let key = self.network.own_key(&address);
        self.keys.check(&key, &address)?;
        let api_key = self.network.request_api_key(&address, &signature)?;
        self.keys.insert(&key, &address);
        info!(player_id = address, "API key handed out");
        json(&RequestApiKeyResponse { api_key })
    }

    fn submit_topup(
        &mut self,
        player_id: &str,
        request: &Request<'_>,
    ) -> Result<Response, ApiError> {
        let SubmitTopupRequest { tx_hash } = decode_body(request)?;
        self.network
            .submit_topup(player_id, &tx_hash)
            .inspect_err(log_refusal)?;
        json(&SubmitTopupResponse { ok: true })
    }

    fn submit_benchmark(
        &mut self,
        player_id: &str,
        request: &Request<'_>,
    ) -> Result<Response, ApiError> {
        self.network
            .submit_benchmark(player_id, decode_body(request)?)
            .inspect_err(log_refusal)?;
        json(&SubmitBenchmarkResponse { ok: true })
    }

    fn submit_proof(
        &mut self,
        player_id: &str,
        request: &Request<'_>,
    ) -> Result<Response, ApiError> {
        let proof = decode_body(request)?;
        if self.network.num_reexecutions() >= PROOFS_WAITING_MAX {
            return Err(ApiError::Busy);
        }
        let verdict = self
            .network
            .submit_proof(player_id, proof)
            .inspect_err(log_refusal)?;
        let verified = match verdict {
            ProofVerdict::Verified => Verified::Ok,
            ProofVerdict::Fraud(error) => {
                warn!(allegation = %error, "fraud");
                Verified::Err(error.to_string())
            }
        };
        json(&SubmitProofResponse { verified })
    }
}

fn log_refusal(error: &ProtocolError) {
    info!(error = printable(error), "submission refused");
}
