//! The TIG API over HTTP (tig-api.md section 4), and two routes of the devnet's own under `/devnet`.
//!
//! Errors are `text/plain`, exactly so: clients of the time show the body only then.

mod errors;
mod queries;
mod submissions;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::Devnet;
use errors::ApiError;

/// Bytes of a request body; a benchmark of some 400,000 solution nonces fits.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// All routes of the devnet.
pub fn router(devnet: Devnet) -> Router {
    Router::new()
        .route("/get-block", get(queries::get_block))
        .route("/get-algorithms", get(queries::get_algorithms))
        .route("/get-players", get(queries::get_players))
        .route("/get-benchmarks", get(queries::get_benchmarks))
        .route("/get-challenges", get(queries::get_challenges))
        .route("/get-benchmark-data", get(queries::get_benchmark_data))
        .route("/get-fee-balance", get(queries::get_fee_balance))
        .route("/submit-precommit", post(submissions::submit_precommit))
        .route("/submit-benchmark", post(submissions::submit_benchmark))
        .route("/submit-proof", post(submissions::submit_proof))
        .route("/devnet/status", get(queries::status))
        .route("/devnet/wasm/{file}", get(queries::wasm))
        .fallback(async || ApiError::NotFound("no such endpoint".to_owned()))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(devnet)
}
