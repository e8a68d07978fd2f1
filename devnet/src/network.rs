//! The network as a state machine: submissions and block production, without I/O, clock or threads.
//!
//! Invariant: the same genesis and the same calls in the same order give the same blocks, ids and samples.

mod accounts;
mod activity;
mod algorithms;
mod blocks;
mod chain;
mod config;
mod confirmation;
mod draw;
mod economy;
mod errors;
mod fees;
mod frontiers;
mod genesis;
mod ids;
mod index;
mod json_text;
mod kept;
mod players;
mod published;
mod queries;
mod records;
mod reexecution;
mod restore;
mod rollback;
mod solution_check;
mod status;
mod submissions;
mod topups;
mod view;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use algorithms::StoredAlgorithm;
use chain::Chain;
use frontiers::ChallengeRules;
use ids::Secret;
use index::Index;
use kept::{Changes, Key};
use records::Record;
use tig_protocol::PreciseNumber;
use topups::StoredTopup;

pub use accounts::initial_balance;
pub use algorithms::AddAlgorithmError;
pub use config::devnet_config;
pub use draw::{DrawnPlayer, draw_players};
pub use errors::ProtocolError;
pub use genesis::{Genesis, GenesisError};
pub use ids::is_address;
pub use players::{ApiKeyError, PLAYERS_MAX};
pub use queries::{GetFeeBalanceResponse, PlayerType, QueryError};
pub use reexecution::{Reexecution, Verdict};
pub use restore::Surroundings;
pub use solution_check::{PreparedCheck, RealCheck, SolutionCheck};
pub use status::{BenchmarkStatus, Stage, Status};
pub use submissions::{ProofChecks, ProofVerdict};
pub use topups::Transaction;
pub use view::{
    ActivePoint, AlgorithmView, BenchmarkView, BlockView, ChallengeView, PlayerView, View,
};

/// A TIG network of one process.
///
/// Blocks and benchmarks that leave the lifespan window are forgotten, so that memory is bounded by the traffic of
/// one window.
#[derive(Debug)]
pub struct Network {
    seed: u64,
    secret: Secret,
    algorithms: BTreeMap<String, StoredAlgorithm>,
    /// Per active challenge; the same at every block.
    rules: BTreeMap<String, ChallengeRules>,
    download_base_url: String,
    chain: Chain,
    /// Per benchmark id.
    records: BTreeMap<String, Record>,
    /// Of the records.
    index: Index,
    /// Balances at which accounts were opened after the first block, per player.
    opened: BTreeMap<String, PreciseNumber>,
    /// Players to whom the network gave a key.
    key_holders: BTreeSet<String>,
    /// Per transaction hash.
    transactions: BTreeMap<String, Transaction>,
    /// Per transaction hash; none is forgotten, because none may be used twice.
    topups: BTreeMap<String, StoredTopup>,
    num_submitted: u64,
    /// Blocks that were taken back.
    num_rollbacks: u64,
    /// Benchmarks that left the lifespan window without a confirmed proof.
    num_expired: u64,
    /// What is to be kept on disk, where somebody does.
    changes: Changes,
    solution_check: Arc<dyn SolutionCheck>,
}

impl Network {
    /// Height of the latest block.
    pub fn height(&self) -> u32 {
        self.chain.latest().details.height
    }

    /// Id of the latest block.
    pub fn latest_block_id(&self) -> &str {
        &self.chain.latest().id
    }

    /// The module of an algorithm, as published.
    pub fn wasm(&self, algorithm_id: &str) -> Option<&[u8]> {
        self.algorithms
            .get(algorithm_id)
            .map(|algorithm| &*algorithm.published.wasm)
    }

    fn next_sequence(&mut self) -> u64 {
        self.num_submitted += 1;
        self.num_submitted
    }
}
