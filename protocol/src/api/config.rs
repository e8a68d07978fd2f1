//! The protocol's configuration (tig-api.md section 5.2; meanings and values in tig-protocol.md section 18).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{PreciseNumber, WasmVmConfig};

/// All parameters in force at a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProtocolConfig {
    /// The token and the chain it is on.
    pub erc20: Erc20Config,
    /// Rules for benchmarks.
    pub benchmark_submissions: BenchmarkSubmissionsConfig,
    /// Rules and fees for precommits.
    pub precommit_submissions: Option<PrecommitSubmissionsConfig>,
    /// Limits of the VM.
    pub wasm_vm: WasmVmConfig,
    /// The signature threshold, which nothing checks any more.
    pub solution_signature: SolutionSignatureConfig,
    /// How many solutions qualify.
    pub qualifiers: QualifiersConfig,
    /// Difficulty parameters of every challenge.
    pub difficulty: DifficultyConfig,
    /// How influence is computed.
    pub optimisable_proof_of_work: OptimisableProofOfWorkConfig,
    /// Length of a round.
    pub rounds: RoundsConfig,
    /// Rules for algorithms.
    pub algorithm_submissions: AlgorithmSubmissionsConfig,
    /// What is paid to whom.
    pub rewards: RewardsConfig,
}

/// The token and the chain it is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erc20Config {
    /// Endpoint of a node.
    pub rpc_url: String,
    /// Chain id in hex.
    pub chain_id: String,
    /// Contract of the token.
    pub token_address: String,
    /// Where fees are sent.
    pub burn_address: String,
}

/// Rules for benchmarks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkSubmissionsConfig {
    /// Not used by the protocol of this era.
    pub min_num_solutions: u32,
    /// Blocks of further delay per block between precommit and proof.
    pub submission_delay_multiplier: f64,
    /// Solutions sampled per benchmark, and as many other nonces.
    pub max_samples: usize,
    /// Blocks after which a benchmark leaves the window.
    pub lifespan_period: u32,
}

/// Rules and fees for precommits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrecommitSubmissionsConfig {
    /// Fee per nonce, TIG.
    pub min_per_nonce_fee: PreciseNumber,
    /// Least base fee, TIG.
    pub min_base_fee: PreciseNumber,
    /// Largest change of the base fee from block to block, as a fraction.
    pub max_fee_percentage_delta: f64,
    /// Precommits per challenge and block at which the base fee stays.
    pub target_num_precommits: u32,
    /// The only amount accepted as a top-up, TIG.
    pub topup_amount: PreciseNumber,
}

/// The signature threshold, which nothing checks any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SolutionSignatureConfig {
    /// Obsolete.
    pub max_percent_delta: Option<f64>,
    /// Weight of the previous threshold.
    pub threshold_decay: Option<f64>,
    /// Target rate of solutions, in thresholds per lifespan.
    pub equilibrium_rate_multiplier: f64,
    /// Obsolete.
    pub percent_error_multiplier: Option<f64>,
}

/// How many solutions qualify.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualifiersConfig {
    /// Blocks over which a new challenge's cutoff is phased in.
    pub cutoff_phase_in_period: Option<u32>,
    /// Cutoff as a multiple of the player's fewest solutions of a challenge.
    pub cutoff_multiplier: f64,
    /// Qualifiers per challenge.
    pub total_qualifiers_threshold: u32,
    /// Least cutoff, solutions.
    pub min_cutoff: Option<u32>,
}

/// Difficulty parameters of every challenge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DifficultyConfig {
    /// Largest scaling factor of a frontier.
    pub max_scaling_factor: f64,
    /// By challenge id, in the order of the difficulty's dimensions.
    pub parameters: BTreeMap<String, Vec<DifficultyParameter>>,
}

/// One dimension of a difficulty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifficultyParameter {
    /// `num_variables`, ...
    pub name: String,
    /// Least value, inclusive.
    pub min_value: i32,
    /// Largest value, inclusive.
    pub max_value: i32,
}

/// How influence is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptimisableProofOfWorkConfig {
    /// How hard imbalance between challenges is punished.
    pub imbalance_multiplier: f64,
    /// Cap of the deposit's share, in mean shares of the challenges.
    pub avg_percent_qualifiers_multiplier: Option<f64>,
    /// Whether deposits count.
    pub enable_proof_of_deposit: Option<bool>,
    /// Weight of the previous rolling deposit.
    pub rolling_deposit_decay: Option<f64>,
}

/// Length of a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundsConfig {
    /// Blocks per round.
    pub blocks_per_round: u32,
}

/// Rules for algorithms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlgorithmSubmissionsConfig {
    /// Fee of a submission, in the unit of its chain.
    pub submission_fee: PreciseNumber,
    /// Adoption from which an algorithm earns, as a fraction.
    pub adoption_threshold: f64,
    /// Merge points needed to be merged.
    pub merge_points_threshold: u32,
    /// Rounds between submission and push.
    pub push_delay: u32,
}

/// What is paid to whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardsConfig {
    /// Shares of the block reward.
    pub distribution: RewardDistribution,
    /// Block rewards by round.
    pub schedule: Vec<RewardsScheduleEntry>,
}

/// Shares of the block reward, as fractions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardDistribution {
    /// Benchmarkers' share.
    pub benchmarkers: f64,
    /// Innovators' share.
    pub optimisations: f64,
    /// Not used by the protocol of this era.
    pub breakthroughs: f64,
}

/// The block reward from a round on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardsScheduleEntry {
    /// TIG per block.
    pub block_reward: f64,
    /// First round it is paid in.
    pub round_start: u32,
}
