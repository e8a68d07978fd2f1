//! `/devnet/admin/...`: orders to the network, for programs of this machine ([`super::guard`]).

use std::time::{Duration, Instant};

use axum::body::{Bytes, to_bytes};
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tig_challenges::ChallengeKind;
use tig_process::error_chain::error_chain;
use tig_worker::WASM_BYTES_MAX;
use tracing::info;

use super::guard::{self, Refusal};
use crate::faults::{FaultPlan, PlanError, TooManyFaults};
use crate::{ApiKey, Devnet, NotKept, PublishError};

/// Blocks of one order.
const BLOCKS_PER_ORDER_MAX: u32 = 1_000;
/// How long an order to make blocks waits in all for proofs that are being verified.
const PROOFS_WAIT_MS_MAX: u64 = 30_000;
const PROOFS_POLL_MS: u64 = 5;

/// Whom the orders reach, and what they need.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    pub(super) devnet: Devnet,
    pub(super) token: Option<ApiKey>,
}

/// Why an order is not carried out; nothing was changed.
#[derive(Debug, thiserror::Error)]
enum AdminError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the body is too large: at most {WASM_BYTES_MAX} bytes are allowed")]
    TooLarge,
    #[error("malformed request: {0}")]
    Malformed(String),
    #[error("the body must be {{\"blocks\": N}}: {0}")]
    Body(serde_json::Error),
    #[error("blocks: {0} is not between 1 and {BLOCKS_PER_ORDER_MAX}")]
    Blocks(u32),
    #[error("challenge {0:?} is unknown: known are {known}", known = ChallengeKind::ALL.map(ChallengeKind::name).join(", "))]
    Challenge(String),
    #[error("{}", error_chain(.0))]
    Algorithm(#[from] PublishError),
    #[error("{}", error_chain(.0))]
    Faults(#[from] PlanError),
    #[error(transparent)]
    TooManyFaults(#[from] TooManyFaults),
    #[error(transparent)]
    NotKept(#[from] NotKept),
    #[error("the order was given up: {0}")]
    GivenUp(#[from] tokio::task::JoinError),
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Refused(refusal) => return refusal.into_response(),
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::GivenUp(_) | Self::NotKept(_) | Self::Algorithm(PublishError::NotKept(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::BAD_REQUEST,
        };
        (status, [(CONTENT_TYPE, "text/plain")], format!("{self}\n")).into_response()
    }
}

/// `{"blocks": N}`; an empty body is one block.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Blocks {
    blocks: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAlgorithm {
    challenge: String,
    name: String,
}

#[derive(Serialize)]
struct AlgorithmId {
    id: String,
}

/// The latest block after an order.
#[derive(Serialize)]
struct Latest {
    height: u32,
    block_id: String,
    /// Proofs that still wait for their verification.
    proofs_waiting: usize,
}

pub(super) fn router(admin: Admin) -> Router {
    Router::new()
        .route("/devnet/admin/advance", post(advance))
        .route("/devnet/admin/rollback", post(rollback))
        .route(
            "/devnet/admin/faults",
            post(add_faults).delete(clear_faults),
        )
        .route("/devnet/admin/algorithm", post(add_algorithm))
        .with_state(admin)
}

/// Makes blocks, each one after the proofs that were submitted before it are verified.
async fn advance(State(admin): State<Admin>, request: Request) -> Result<Json<Latest>, AdminError> {
    let blocks = blocks(&admin.body(request).await?)?;
    let deadline = Instant::now() + Duration::from_millis(PROOFS_WAIT_MS_MAX);
    for _ in 0..blocks {
        while admin.devnet.num_reexecutions() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(PROOFS_POLL_MS)).await;
        }
        let devnet = admin.devnet.clone();
        tokio::task::spawn_blocking(move || devnet.try_produce_block()).await??;
    }
    Ok(Json(admin.latest()))
}

async fn rollback(
    State(admin): State<Admin>,
    request: Request,
) -> Result<Json<Latest>, AdminError> {
    let blocks = blocks(&admin.body(request).await?)?;
    for _ in 0..blocks {
        let devnet = admin.devnet.clone();
        // Everything is written again.
        if !tokio::task::spawn_blocking(move || devnet.rollback()).await?? {
            break;
        }
    }
    Ok(Json(admin.latest()))
}

/// The body is a fault plan, which comes on top of what is there.
async fn add_faults(
    State(admin): State<Admin>,
    request: Request,
) -> Result<StatusCode, AdminError> {
    let body = admin.body(request).await?;
    let text =
        std::str::from_utf8(&body).map_err(|error| AdminError::Malformed(error.to_string()))?;
    admin.devnet.add_faults(FaultPlan::parse(text)?)?;
    info!(plan = text, "faults added");
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(
    State(admin): State<Admin>,
    request: Request,
) -> Result<StatusCode, AdminError> {
    admin.body(request).await?;
    admin.devnet.clear_faults();
    info!("faults cleared");
    Ok(StatusCode::NO_CONTENT)
}

/// The body is the module.
async fn add_algorithm(
    State(admin): State<Admin>,
    request: Request,
) -> Result<Json<AlgorithmId>, AdminError> {
    let query = Query::<NewAlgorithm>::try_from_uri(request.uri());
    let wasm = admin.body(request).await?;
    let Query(NewAlgorithm { challenge, name }) =
        query.map_err(|error| AdminError::Malformed(error.body_text()))?;
    let kind = ChallengeKind::ALL
        .into_iter()
        .find(|kind| kind.name() == challenge)
        .ok_or(AdminError::Challenge(challenge))?;
    let devnet = admin.devnet.clone();
    let id = tokio::task::spawn_blocking(move || devnet.publish(kind, &name, &wasm)).await??;
    Ok(Json(AlgorithmId { id }))
}

impl Admin {
    /// The body of an order that may be given.
    async fn body(&self, request: Request) -> Result<Bytes, AdminError> {
        guard::check_token(request.headers(), self.token.as_ref())?;
        to_bytes(request.into_body(), WASM_BYTES_MAX)
            .await
            .map_err(|_| AdminError::TooLarge)
    }

    fn latest(&self) -> Latest {
        let (height, block_id) = self.devnet.latest();
        Latest {
            height,
            block_id,
            proofs_waiting: self.devnet.num_reexecutions(),
        }
    }
}

fn blocks(body: &[u8]) -> Result<u32, AdminError> {
    if body.is_empty() {
        return Ok(1);
    }
    let Blocks { blocks } = serde_json::from_slice(body).map_err(AdminError::Body)?;
    if !(1..=BLOCKS_PER_ORDER_MAX).contains(&blocks) {
        return Err(AdminError::Blocks(blocks));
    }
    Ok(blocks)
}
