//! Answers of the `get-*` endpoints (tig-api.md sections 6.1 to 6.6).
//!
//! Invariant: an answer about a block holds what was true at that block, also when newer ones exist. Items in the
//! mempool show in `get-benchmark-data` only.

use serde::{Deserialize, Serialize};
use tig_challenges::ChallengeKind;
use tig_protocol::api::{
    Block, GetAlgorithmsResponse, GetBenchmarkDataResponse, GetBenchmarksResponse,
    GetBlockResponse, GetChallengesResponse, GetPlayersResponse, PlayerState, TopUp,
};

use super::published;
use super::wire::{self, Detail};
use crate::network::rules;
use crate::network::state::{ChainBlock, Network, Record};

/// An id that the network does not know, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No block of the lifespan window has this id.
    #[error("block {0} does not exist or is too old")]
    UnknownBlock(String),
    /// No such player.
    #[error("player {0} does not exist")]
    UnknownPlayer(String),
    /// No benchmark of the lifespan window has this id.
    #[error("benchmark {0} does not exist or is too old")]
    UnknownBenchmark(String),
}

/// Which players `get-players` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayerType {
    /// Players with active benchmarks.
    Benchmarker,
    /// Players with active algorithms.
    Innovator,
}

/// Answer of `GET /get-fee-balance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GetFeeBalanceResponse {
    /// The player's fees at the block.
    pub state: PlayerState,
    /// Top-ups that blocks up to this one confirmed.
    pub topups: Vec<TopUp>,
}

impl Network {
    /// The latest block, or the last one of `round`.
    pub fn get_block(&self, round: Option<u32>, include_data: bool) -> GetBlockResponse {
        self.get_block_as_of(round, include_data, 0)
    }

    /// The same as long as the `blocks_back` latest blocks are not known yet, as far as older ones are remembered.
    pub(crate) fn get_block_as_of(
        &self,
        round: Option<u32>,
        include_data: bool,
        blocks_back: u32,
    ) -> GetBlockResponse {
        let block = match round {
            None => Some(self.chain.ancestor(self.chain.latest(), blocks_back)),
            Some(round) => self.chain.last_of_round(round),
        };
        let to_wire = |block: &ChainBlock| Block {
            id: block.id.clone(),
            details: block.details.clone(),
            data: include_data.then(|| block.data.clone()),
            config: Some((*block.config).clone()),
        };
        GetBlockResponse {
            block: block.map(to_wire),
        }
    }

    /// All algorithms and their modules.
    ///
    /// # Errors
    /// The block is unknown.
    pub fn get_algorithms(&self, block_id: &str) -> Result<GetAlgorithmsResponse, QueryError> {
        let block = self.block(block_id)?;
        Ok(GetAlgorithmsResponse {
            block_id: block.id.clone(),
            block_details: block.details.clone(),
            algorithms: self
                .algorithms
                .values()
                .filter(|algorithm| algorithm.is_confirmed_at(block.details.height))
                .map(|algorithm| published::algorithm(algorithm, block))
                .collect(),
            wasms: self
                .algorithms
                .values()
                .filter(|algorithm| algorithm.is_confirmed_at(block.details.height))
                .map(|algorithm| published::wasm(algorithm, &self.download_base_url))
                .collect(),
        })
    }

    /// The players with active benchmarks in the round of the block, or the authors of active algorithms.
    ///
    /// # Errors
    /// The block is unknown.
    pub fn get_players(
        &self,
        block_id: &str,
        player_type: PlayerType,
    ) -> Result<GetPlayersResponse, QueryError> {
        let block = self.block(block_id)?;
        let players = match player_type {
            PlayerType::Benchmarker => block
                .players
                .keys()
                .map(|id| published::benchmarker(id, block))
                .collect(),
            PlayerType::Innovator => vec![published::innovator(block)],
        };
        Ok(GetPlayersResponse {
            block_id: block.id.clone(),
            block_details: block.details.clone(),
            players,
        })
    }

    /// Confirmations of the player's benchmarks by blocks up to this one, inside the lifespan window.
    ///
    /// # Errors
    /// The block is unknown.
    pub fn get_benchmarks(
        &self,
        block_id: &str,
        player_id: &str,
    ) -> Result<GetBenchmarksResponse, QueryError> {
        let block = self.block(block_id)?;
        let mut response = GetBenchmarksResponse {
            block_id: Some(block.id.clone()),
            block_details: Some(block.details.clone()),
            precommits: Vec::new(),
            benchmarks: Vec::new(),
            proofs: Vec::new(),
            frauds: Vec::new(),
        };
        let window_start = rules::window_start(block.details.height, &block.config);
        for id in self.index.benchmark_ids(player_id) {
            if let Some(record) = self.records.get(id)
                && record.precommit.block_started >= window_start
            {
                list_confirmed(id, record, block.details.height, &mut response);
            }
        }
        Ok(response)
    }

    /// Frontiers and fees of every challenge.
    ///
    /// # Errors
    /// The block is unknown.
    pub fn get_challenges(&self, block_id: &str) -> Result<GetChallengesResponse, QueryError> {
        let block = self.block(block_id)?;
        Ok(GetChallengesResponse {
            block_id: block.id.clone(),
            block_details: block.details.clone(),
            challenges: ChallengeKind::ALL
                .into_iter()
                .map(|kind| published::challenge(kind, block))
                .collect(),
        })
    }

    /// Everything about one benchmark, also what is still in the mempool.
    ///
    /// # Errors
    /// The benchmark is unknown.
    pub fn get_benchmark_data(
        &self,
        benchmark_id: &str,
    ) -> Result<GetBenchmarkDataResponse, QueryError> {
        let (id, record) = self
            .records
            .get_key_value(benchmark_id)
            .ok_or_else(|| QueryError::UnknownBenchmark(benchmark_id.to_owned()))?;
        Ok(GetBenchmarkDataResponse {
            precommit: Some(wire::precommit(id, &record.precommit)),
            benchmark: record
                .benchmark
                .as_ref()
                .map(|benchmark| wire::benchmark(id, benchmark, Detail::Full)),
            proof: record
                .proof
                .as_ref()
                .map(|proof| wire::proof(id, proof, Detail::Full)),
            fraud: record
                .fraud
                .as_ref()
                .map(|fraud| wire::fraud(id, fraud, Detail::Full)),
        })
    }

    /// A player's fees at the block.
    ///
    /// # Errors
    /// The block or the player is unknown.
    pub fn get_fee_balance(
        &self,
        block_id: &str,
        player_id: &str,
    ) -> Result<GetFeeBalanceResponse, QueryError> {
        let block = self.block(block_id)?;
        let account = block
            .accounts
            .get(player_id)
            .ok_or_else(|| QueryError::UnknownPlayer(player_id.to_owned()))?;
        Ok(GetFeeBalanceResponse {
            state: wire::player_state(account),
            topups: self
                .topups
                .iter()
                .filter(|(_, topup)| {
                    topup.player_id == player_id
                        && topup.confirmed.is_some_and(|it| it <= block.details.height)
                })
                .map(|(tx_hash, topup)| wire::topup(tx_hash, topup))
                .collect(),
        })
    }

    /// Id of the block `blocks_back` before the named one, as far as older ones are remembered; an unknown id as it is.
    pub(crate) fn ancestor_id(&self, block_id: String, blocks_back: u32) -> String {
        match self.chain.by_id(&block_id) {
            Some(block) if blocks_back > 0 => self.chain.ancestor(block, blocks_back).id.clone(),
            _ => block_id,
        }
    }

    fn block(&self, block_id: &str) -> Result<&ChainBlock, QueryError> {
        self.chain
            .by_id(block_id)
            .ok_or_else(|| QueryError::UnknownBlock(block_id.to_owned()))
    }
}

fn list_confirmed(id: &str, record: &Record, height: u32, response: &mut GetBenchmarksResponse) {
    let confirmed_by = |confirmed: u32| confirmed <= height;
    if record
        .confirmed_precommit()
        .is_some_and(|confirmed| confirmed_by(confirmed.height))
    {
        response
            .precommits
            .push(wire::precommit(id, &record.precommit));
    }
    if let Some((benchmark, confirmed)) = record.confirmed_benchmark()
        && confirmed_by(confirmed.height)
    {
        response
            .benchmarks
            .push(wire::benchmark(id, benchmark, Detail::Summary));
    }
    if let Some(proof) = &record.proof
        && proof
            .confirmed
            .as_ref()
            .is_some_and(|confirmed| confirmed_by(confirmed.height))
    {
        response
            .proofs
            .push(wire::proof(id, proof, Detail::Summary));
    }
    if let Some(fraud) = &record.fraud
        && fraud.confirmed.is_some_and(confirmed_by)
    {
        response
            .frauds
            .push(wire::fraud(id, fraud, Detail::Summary));
    }
}
