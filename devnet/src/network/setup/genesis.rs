//! The first block: challenges, algorithms and players that exist from the start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tig_challenges::ChallengeKind;
use tig_protocol::PreciseNumber;
use tig_protocol::api::{BlockData, ProtocolConfig};
use tig_protocol::difficulty::BoundsError;

use crate::algorithms::PublishedAlgorithm;
use crate::network::rules;
use crate::network::state::{
    Account, Chain, ChainBlock, ChallengeAt, ChallengeRules, Changes, Fees, GENESIS_HEIGHT, Index,
    NO_BLOCK_ID, Network, Secret, SolutionCheck, StoredAlgorithm, initial_balance,
};

/// Beginning of a network.
#[derive(Debug)]
pub struct Genesis {
    /// Decides all block ids, and so all samples.
    pub seed: u64,
    /// The configuration of every block.
    pub config: ProtocolConfig,
    /// Players with a fee balance.
    pub player_ids: Vec<String>,
    /// Algorithms with distinct ids, active from the first block.
    pub algorithms: Vec<PublishedAlgorithm>,
    /// Where the modules are served; `/<algorithm id>.wasm` is appended.
    pub download_base_url: String,
    /// Decides about the declared solutions of a proof.
    pub solution_check: Arc<dyn SolutionCheck>,
}

/// Why no network can start from a [`Genesis`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// A challenge has no difficulty parameters.
    #[error("the configuration has no difficulty parameters for challenge {challenge_id}")]
    NoParameters {
        /// The challenge.
        challenge_id: String,
    },
    /// The difficulty parameters of a challenge admit no frontier.
    #[error("the configuration has unusable difficulty parameters for challenge {challenge_id}")]
    Parameters {
        /// The challenge.
        challenge_id: String,
        /// Why.
        source: BoundsError,
    },
}

impl Network {
    /// A network with its first block.
    ///
    /// # Errors
    /// The configuration lacks usable difficulty parameters.
    pub fn new(genesis: Genesis) -> Result<Self, GenesisError> {
        let rules = challenge_rules(&genesis.config)?;
        let secret = Secret::from_seed(genesis.seed);
        let stored = |published: PublishedAlgorithm| StoredAlgorithm {
            published,
            confirmed: Some(GENESIS_HEIGHT),
            round: 0,
        };
        let algorithms: BTreeMap<String, StoredAlgorithm> = genesis
            .algorithms
            .into_iter()
            .map(|algorithm| (algorithm.id.clone(), stored(algorithm)))
            .collect();
        let data = BlockData {
            confirmed_challenge_ids: rules.keys().cloned().collect(),
            confirmed_algorithm_ids: algorithms.keys().cloned().collect(),
            confirmed_wasm_ids: algorithms.keys().cloned().collect(),
            active_challenge_ids: rules.keys().cloned().collect(),
            active_algorithm_ids: algorithms.keys().cloned().collect(),
            ..BlockData::default()
        };
        let fees = Fees::initial(genesis.config.precommit_submissions.as_ref());
        let block = ChainBlock {
            id: secret.block_id(NO_BLOCK_ID, GENESIS_HEIGHT, 0),
            details: rules::details(
                NO_BLOCK_ID,
                GENESIS_HEIGHT,
                PreciseNumber::ZERO,
                &data,
                &genesis.config,
            ),
            challenges: rules
                .iter()
                .map(|(challenge_id, rules)| (challenge_id.clone(), starting(rules, fees)))
                .collect(),
            players: BTreeMap::new(),
            algorithms: BTreeMap::new(),
            data,
            config: Arc::new(genesis.config),
            accounts: genesis
                .player_ids
                .into_iter()
                .map(|player_id| (player_id, Account::new(initial_balance())))
                .collect(),
        };
        Ok(Self {
            seed: genesis.seed,
            secret,
            algorithms,
            rules,
            download_base_url: genesis.download_base_url,
            chain: Chain::new(block),
            records: BTreeMap::new(),
            index: Index::default(),
            opened: BTreeMap::new(),
            key_holders: BTreeSet::new(),
            transactions: BTreeMap::new(),
            topups: BTreeMap::new(),
            num_submitted: 0,
            num_rollbacks: 0,
            num_expired: 0,
            changes: Changes::default(),
            solution_check: genesis.solution_check,
        })
    }
}

fn starting(rules: &ChallengeRules, fees: Fees) -> ChallengeAt {
    ChallengeAt {
        fees,
        frontiers: rules.starting.clone(),
        num_qualifiers: 0,
        qualifier_difficulties: Vec::new(),
    }
}

/// The rules of every challenge.
pub(super) fn challenge_rules(
    config: &ProtocolConfig,
) -> Result<BTreeMap<String, ChallengeRules>, GenesisError> {
    ChallengeKind::ALL
        .into_iter()
        .map(|kind| Ok((kind.id().to_owned(), rules_of(kind, config)?)))
        .collect()
}

fn rules_of(kind: ChallengeKind, config: &ProtocolConfig) -> Result<ChallengeRules, GenesisError> {
    let challenge_id = || kind.id().to_owned();
    let parameters =
        config
            .difficulty
            .parameters
            .get(kind.id())
            .ok_or_else(|| GenesisError::NoParameters {
                challenge_id: challenge_id(),
            })?;
    ChallengeRules::new(kind, parameters).map_err(|source| GenesisError::Parameters {
        challenge_id: challenge_id(),
        source,
    })
}
