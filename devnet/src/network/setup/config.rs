//! The devnet's protocol configuration (tig-protocol.md section 18, with its suggestions for a devnet).

use std::collections::BTreeMap;

use tig_challenges::ChallengeKind;
use tig_protocol::api::{
    AlgorithmSubmissionsConfig, BenchmarkSubmissionsConfig, DifficultyConfig, DifficultyParameter,
    Erc20Config, OptimisableProofOfWorkConfig, PrecommitSubmissionsConfig, ProtocolConfig,
    QualifiersConfig, RewardDistribution, RewardsConfig, RewardsScheduleEntry, RoundsConfig,
    SolutionSignatureConfig,
};
use tig_protocol::{PreciseNumber, WasmVmConfig};

/// The configuration of every block of the devnet.
pub fn devnet_config() -> ProtocolConfig {
    ProtocolConfig {
        erc20: Erc20Config {
            rpc_url: "https://mainnet.base.org".to_owned(),
            chain_id: "0x2105".to_owned(),
            token_address: "0x0c03ce270b4826ec62e7dd007f0b716068639f7b".to_owned(),
            burn_address: "0x0000000000000000000000000000000000000000".to_owned(),
        },
        benchmark_submissions: BenchmarkSubmissionsConfig {
            min_num_solutions: 1,
            submission_delay_multiplier: 3.0,
            max_samples: 3,
            lifespan_period: 120,
        },
        precommit_submissions: Some(fees()),
        wasm_vm: WasmVmConfig {
            max_memory: 1_000_000_000,
            max_fuel: 2_000_000_000,
        },
        solution_signature: SolutionSignatureConfig {
            max_percent_delta: None,
            threshold_decay: Some(0.99),
            equilibrium_rate_multiplier: 3.0,
            percent_error_multiplier: None,
        },
        qualifiers: QualifiersConfig {
            cutoff_phase_in_period: Some(1440),
            cutoff_multiplier: 1.5,
            total_qualifiers_threshold: 100,
            min_cutoff: Some(100),
        },
        difficulty: DifficultyConfig {
            max_scaling_factor: 2.0,
            parameters: difficulty_parameters(),
        },
        optimisable_proof_of_work: OptimisableProofOfWorkConfig {
            imbalance_multiplier: 1.5,
            avg_percent_qualifiers_multiplier: Some(1.1),
            enable_proof_of_deposit: Some(false),
            rolling_deposit_decay: Some(0.9),
        },
        rounds: RoundsConfig {
            blocks_per_round: 100,
        },
        algorithm_submissions: AlgorithmSubmissionsConfig {
            submission_fee: PreciseNumber::from_units(1_000_000_000_000_000),
            adoption_threshold: 0.25,
            merge_points_threshold: 5040,
            push_delay: 2,
        },
        rewards: rewards(),
    }
}

fn fees() -> PrecommitSubmissionsConfig {
    PrecommitSubmissionsConfig {
        min_per_nonce_fee: PreciseNumber::from_units(1_000_000_000_000),
        min_base_fee: PreciseNumber::from_units(1_000_000_000_000_000),
        max_fee_percentage_delta: 0.1,
        target_num_precommits: 4,
        topup_amount: PreciseNumber::from_u64(10),
    }
}

fn rewards() -> RewardsConfig {
    let schedule = [(100.0, 1), (50.0, 27), (25.0, 79), (12.5, 183), (6.25, 391)];
    RewardsConfig {
        distribution: RewardDistribution {
            benchmarkers: 0.85,
            optimisations: 0.15,
            breakthroughs: 0.0,
        },
        schedule: schedule
            .into_iter()
            .map(|(block_reward, round_start)| RewardsScheduleEntry {
                block_reward,
                round_start,
            })
            .collect(),
    }
}

fn difficulty_parameters() -> BTreeMap<String, Vec<DifficultyParameter>> {
    ChallengeKind::ALL
        .into_iter()
        .map(|kind| (kind.id().to_owned(), parameters(kind)))
        .collect()
}

fn parameters(kind: ChallengeKind) -> Vec<DifficultyParameter> {
    let parameter = |name: &str, min_value, max_value| DifficultyParameter {
        name: name.to_owned(),
        min_value,
        max_value,
    };
    match kind {
        ChallengeKind::Satisfiability => vec![
            parameter("num_variables", 50, i32::MAX),
            parameter("clauses_to_variables_percent", 300, i32::MAX),
        ],
        ChallengeKind::VehicleRouting => vec![
            parameter("num_nodes", 40, i32::MAX),
            parameter("better_than_baseline", 250, 999),
        ],
        ChallengeKind::Knapsack => vec![
            parameter("num_items", 50, i32::MAX),
            parameter("better_than_baseline", 10, 999),
        ],
        ChallengeKind::VectorSearch => vec![
            parameter("num_queries", 10, i32::MAX),
            parameter("better_than_baseline", 350, 1000),
        ],
    }
}
