//! `GET` endpoints. Every answer is made under one lock: a client that sees block N sees what N confirmed.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tig_protocol::api::{
    GetAlgorithmsResponse, GetBenchmarkDataResponse, GetBenchmarksResponse, GetBlockResponse,
    GetChallengesResponse, GetPlayersResponse,
};

use super::ApiError;
use crate::{
    Devnet,
    network::{GetFeeBalanceResponse, PlayerType, Status},
};

type Answer<T> = Result<Json<T>, ApiError>;

#[derive(Deserialize)]
pub(super) struct BlockQuery {
    round: Option<u32>,
    include_data: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct BlockId {
    block_id: String,
}

#[derive(Deserialize)]
pub(super) struct PlayersQuery {
    block_id: String,
    player_type: PlayerType,
}

#[derive(Deserialize)]
pub(super) struct PlayerQuery {
    block_id: String,
    player_id: String,
}

#[derive(Deserialize)]
pub(super) struct BenchmarkId {
    benchmark_id: String,
}

type QueryOf<T> = Result<Query<T>, QueryRejection>;

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::Malformed(rejection.body_text())
    }
}

pub(super) async fn get_block(
    State(devnet): State<Devnet>,
    query: QueryOf<BlockQuery>,
) -> Answer<GetBlockResponse> {
    let Query(query) = query?;
    // Upstream's own scripts send the bare key.
    let include_data = match query.include_data.as_deref() {
        None | Some("false") => false,
        Some("" | "true") => true,
        Some(other) => {
            return Err(ApiError::Malformed(format!(
                "include_data is true or false, not {other:?}"
            )));
        }
    };
    Ok(Json(devnet.network().get_block(query.round, include_data)))
}

pub(super) async fn get_algorithms(
    State(devnet): State<Devnet>,
    query: QueryOf<BlockId>,
) -> Answer<GetAlgorithmsResponse> {
    Ok(Json(devnet.network().get_algorithms(&query?.block_id)?))
}

pub(super) async fn get_players(
    State(devnet): State<Devnet>,
    query: QueryOf<PlayersQuery>,
) -> Answer<GetPlayersResponse> {
    let Query(query) = query?;
    Ok(Json(
        devnet
            .network()
            .get_players(&query.block_id, query.player_type)?,
    ))
}

pub(super) async fn get_benchmarks(
    State(devnet): State<Devnet>,
    query: QueryOf<PlayerQuery>,
) -> Answer<GetBenchmarksResponse> {
    let Query(query) = query?;
    Ok(Json(
        devnet
            .network()
            .get_benchmarks(&query.block_id, &query.player_id)?,
    ))
}

pub(super) async fn get_challenges(
    State(devnet): State<Devnet>,
    query: QueryOf<BlockId>,
) -> Answer<GetChallengesResponse> {
    Ok(Json(devnet.network().get_challenges(&query?.block_id)?))
}

pub(super) async fn get_benchmark_data(
    State(devnet): State<Devnet>,
    query: QueryOf<BenchmarkId>,
) -> Answer<GetBenchmarkDataResponse> {
    Ok(Json(
        devnet.network().get_benchmark_data(&query?.benchmark_id)?,
    ))
}

pub(super) async fn get_fee_balance(
    State(devnet): State<Devnet>,
    query: QueryOf<PlayerQuery>,
) -> Answer<GetFeeBalanceResponse> {
    let Query(query) = query?;
    Ok(Json(
        devnet
            .network()
            .get_fee_balance(&query.block_id, &query.player_id)?,
    ))
}

pub(super) async fn status(State(devnet): State<Devnet>) -> Json<Status> {
    Json(devnet.network().status())
}

pub(super) async fn wasm(
    State(devnet): State<Devnet>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let network = devnet.network();
    let wasm = file
        .strip_suffix(".wasm")
        .and_then(|algorithm_id| network.wasm(algorithm_id))
        .ok_or_else(|| ApiError::NotFound(format!("no algorithm module {file}")))?;
    // A slave asks for each job whether the module is still the same.
    let etag = format!("\"{}\"", blake3::hash(wasm).to_hex());
    if headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known == etag.as_str())
    {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    let headers = [(CONTENT_TYPE, "application/wasm"), (ETAG, etag.as_str())];
    Ok((headers, wasm.to_vec()).into_response())
}
