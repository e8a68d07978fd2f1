//! `GET` endpoints.

use serde::{Deserialize, Serialize};

use super::{Api, ApiError, Request, Response, decode_query};
use crate::network::PlayerType;

#[derive(Deserialize)]
struct BlockQuery {
    round: Option<u32>,
    include_data: Option<String>,
}

#[derive(Deserialize)]
struct BlockId {
    block_id: String,
}

#[derive(Deserialize)]
struct PlayersQuery {
    block_id: String,
    player_type: PlayerType,
}

#[derive(Deserialize)]
struct PlayerQuery {
    block_id: String,
    player_id: String,
}

#[derive(Deserialize)]
struct BenchmarkId {
    benchmark_id: String,
}

impl Api {
    /// A path of `GET_PATHS`.
    pub(super) fn query(
        &self,
        request: &Request<'_>,
        blocks_back: u32,
    ) -> Result<Response, ApiError> {
        let network = &self.network;
        let seen = |block_id: String| network.ancestor_id(block_id, blocks_back);
        match request.path() {
            "/get-block" => self.get_block(request, blocks_back),
            "/get-algorithms" => {
                let query: BlockId = decode_query(request)?;
                json(&network.get_algorithms(&seen(query.block_id))?)
            }
            "/get-players" => {
                let query: PlayersQuery = decode_query(request)?;
                json(&network.get_players(&seen(query.block_id), query.player_type)?)
            }
            "/get-benchmarks" => {
                let query: PlayerQuery = decode_query(request)?;
                json(&network.get_benchmarks(&seen(query.block_id), &query.player_id)?)
            }
            "/get-challenges" => {
                let query: BlockId = decode_query(request)?;
                json(&network.get_challenges(&seen(query.block_id))?)
            }
            "/get-benchmark-data" => {
                let query: BenchmarkId = decode_query(request)?;
                json(&network.get_benchmark_data(&query.benchmark_id)?)
            }
            "/get-fee-balance" => {
                let query: PlayerQuery = decode_query(request)?;
                json(&network.get_fee_balance(&seen(query.block_id), &query.player_id)?)
            }
            "/devnet/state" => json(&network.view()),
            _ => json(&network.status()),
        }
    }

    fn get_block(&self, request: &Request<'_>, blocks_back: u32) -> Result<Response, ApiError> {
        let query: BlockQuery = decode_query(request)?;
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
        json(
            &self
                .network
                .get_block_as_of(query.round, include_data, blocks_back),
        )
    }
}

pub(super) fn json(answer: &impl Serialize) -> Result<Response, ApiError> {
    Ok(Response {
        status: 200,
        content_type: "application/json",
        headers: Vec::new(),
        body: serde_json::to_vec(answer)?,
    })
}
