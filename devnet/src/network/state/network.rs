//! State of a network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tig_protocol::PreciseNumber;

use super::algorithms::StoredAlgorithm;
use super::chain::Chain;
use super::challenges::ChallengeRules;
use super::changes::Changes;
use super::ids::Secret;
use super::index::Index;
use super::records::Record;
use super::solution_check::SolutionCheck;
use super::topups::{StoredTopup, Transaction};

/// A TIG network of one process.
///
/// Blocks and benchmarks that leave the lifespan window are forgotten, so that memory is bounded by the traffic of
/// one window.
#[derive(Debug)]
pub struct Network {
    pub(in crate::network) seed: u64,
    pub(in crate::network) secret: Secret,
    pub(in crate::network) algorithms: BTreeMap<String, StoredAlgorithm>,
    /// Per active challenge; the same at every block.
    pub(in crate::network) rules: BTreeMap<String, ChallengeRules>,
    pub(in crate::network) download_base_url: String,
    pub(in crate::network) chain: Chain,
    /// Per benchmark id.
    pub(in crate::network) records: BTreeMap<String, Record>,
    /// Of the records.
    pub(in crate::network) index: Index,
    /// Balances at which accounts were opened after the first block, per player.
    pub(in crate::network) opened: BTreeMap<String, PreciseNumber>,
    /// Players to whom the network gave a key.
    pub(in crate::network) key_holders: BTreeSet<String>,
    /// Per transaction hash.
    pub(in crate::network) transactions: BTreeMap<String, Transaction>,
    /// Per transaction hash; none is forgotten, because none may be used twice.
    pub(in crate::network) topups: BTreeMap<String, StoredTopup>,
    pub(in crate::network) num_submitted: u64,
    /// Blocks that were rolled back.
    pub(in crate::network) num_rollbacks: u64,
    /// Benchmarks that left the lifespan window without a confirmed proof.
    pub(in crate::network) num_expired: u64,
    /// Changes that are to be kept on disk, if the state is kept.
    pub(in crate::network) changes: Changes,
    pub(in crate::network) solution_check: Arc<dyn SolutionCheck>,
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

    pub(in crate::network) fn next_sequence(&mut self) -> u64 {
        self.num_submitted += 1;
        self.num_submitted
    }
}
