//! What a chain is started with.

use std::fmt;

use horde_calc::schedule::TEMPO_BLOCKS;
use serde::{Deserialize, Serialize};
use tig_keyring::PublicKey;

/// Validators of a chain, besides the one under test.
pub const VALIDATORS_COUNT_MAX: usize = 256;
/// The highest number of the first block, which leaves room for the blocks of years.
pub const FIRST_BLOCK_MAX: u32 = 1 << 31;

/// A chain with one subnet, to be started.
#[derive(Clone, PartialEq)]
pub struct ChainConfig {
    /// Port of the service, on loopback; 0 takes a free one.
    pub port: u16,
    /// Milliseconds between two blocks; 0 makes blocks by hand only.
    pub block_ms: u64,
    /// Number of the newest block at the start. Blocks of two cycles before it exist, too, as far as there are any.
    pub first_block: u32,
    /// The subnet.
    pub netuid: u16,
    /// The name of the identity for which the service sends weights.
    pub identity: String,
    /// SS58 address of the hotkey of the identity: the validator under test.
    pub hotkey: String,
    /// Other validators, at most [`VALIDATORS_COUNT_MAX`].
    pub validators: usize,
    /// What a request must have in `Authorization: Bearer`; `None` lets all through, as Pylon 1.4.0 does.
    pub token: Option<String>,
    /// Blocks between the request to set weights by hotkey and the first attempt to do it, from 1.
    pub schedule_blocks: u32,
    /// The rules of the subnet.
    pub rules: SubnetRules,
}

impl ChainConfig {
    /// A chain for the validator with this hotkey (SS58), with blocks each 12 s and no other validators.
    pub fn new(hotkey: impl Into<String>) -> Self {
        Self {
            port: 0,
            block_ms: 12_000,
            first_block: 10_000,
            netuid: 12,
            identity: "validator".to_owned(),
            hotkey: hotkey.into(),
            validators: 0,
            token: None,
            schedule_blocks: 2,
            rules: SubnetRules::default(),
        }
    }

    /// Finds the fault of a config.
    pub(super) fn check(&self) -> Result<(), ChainConfigError> {
        if PublicKey::from_ss58(&self.hotkey).is_err() {
            let hotkey = self.hotkey.clone();
            return Err(ChainConfigError::Hotkey { hotkey });
        }
        if self.validators > VALIDATORS_COUNT_MAX {
            let count = self.validators;
            return Err(ChainConfigError::Validators { count });
        }
        if self.first_block > FIRST_BLOCK_MAX {
            let first = self.first_block;
            return Err(ChainConfigError::FirstBlock { first });
        }
        self.rules.check().map_err(ChainConfigError::Rules)
    }
}

impl fmt::Debug for ChainConfig {
    /// All but the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChainConfig")
            .field("port", &self.port)
            .field("block_ms", &self.block_ms)
            .field("first_block", &self.first_block)
            .field("netuid", &self.netuid)
            .field("identity", &self.identity)
            .field("hotkey", &self.hotkey)
            .field("validators", &self.validators)
            .field("schedule_blocks", &self.schedule_blocks)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// Why a chain cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainConfigError {
    /// The hotkey of the validator is not an address.
    #[error("{hotkey:?} is not an SS58 address; name the validator's hotkey")]
    Hotkey {
        /// The text.
        hotkey: String,
    },
    /// Too many validators.
    #[error(
        "{count} validators are asked for; a chain has at most {VALIDATORS_COUNT_MAX} besides yours"
    )]
    Validators {
        /// How many.
        count: usize,
    },
    /// The first block is too high.
    #[error("block {first} cannot be the first one; begin at {FIRST_BLOCK_MAX} or below")]
    FirstBlock {
        /// The block.
        first: u32,
    },
    /// The rules of the subnet cannot be followed.
    #[error("the rules of the subnet cannot be used")]
    Rules(#[source] RulesError),
}

/// The rules of a subnet (its hyperparameters), as `GET /limits` shows them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubnetRules {
    /// Weights that must be set, at least.
    pub min_allowed_weights: u16,
    /// Share of one neuron, at most; above 0, up to 1.
    pub max_weight_limit: f64,
    /// Whether weights must be committed to before they are set.
    pub commit_reveal_weights_enabled: bool,
    /// Blocks of an interval of commit and reveal, from 1.
    pub commit_reveal_weights_interval: u32,
    /// Blocks between two settings of weights by one hotkey without a commitment, at least.
    #[serde(default = "default_rate_limit")]
    pub weights_rate_limit: u32,
    /// Blocks between two runs of the consensus. Epochs follow from it.
    pub tempo: u16,
}

/// As on the main network.
fn default_rate_limit() -> u32 {
    100
}

impl Default for SubnetRules {
    fn default() -> Self {
        Self {
            min_allowed_weights: 1,
            max_weight_limit: 1.0,
            commit_reveal_weights_enabled: true,
            commit_reveal_weights_interval: 722,
            weights_rate_limit: default_rate_limit(),
            tempo: TEMPO,
        }
    }
}

/// The tempo of section 3.2, which the schedule of validators is made for.
const TEMPO: u16 = TEMPO_BLOCKS as u16;

impl SubnetRules {
    /// Finds the fault of rules.
    pub(super) fn check(&self) -> Result<(), RulesError> {
        if self.commit_reveal_weights_interval == 0 {
            return Err(RulesError::Interval);
        }
        if !(self.max_weight_limit > 0.0 && self.max_weight_limit <= 1.0) {
            return Err(RulesError::MaxWeight);
        }
        match self.tempo == TEMPO {
            true => Ok(()),
            false => Err(RulesError::Tempo),
        }
    }
}

/// Why rules cannot be those of a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Intervals without blocks.
    #[error("commit_reveal_weights_interval must be at least 1")]
    Interval,
    /// No share, or more than all.
    #[error("max_weight_limit must be above 0 and at most 1")]
    MaxWeight,
    /// A tempo that validators do not know.
    #[error("tempo must be {TEMPO}: validators calculate their cycles with it")]
    Tempo,
}
