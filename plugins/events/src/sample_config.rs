//! The protocol's configuration of a sample block, with the values of the network.

use tig_protocol::api::{
    AlgorithmSubmissionsConfig, BenchmarkSubmissionsConfig, DifficultyConfig, DifficultyParameter,
    Erc20Config, OptimisableProofOfWorkConfig, PrecommitSubmissionsConfig, ProtocolConfig,
    QualifiersConfig, RewardDistribution, RewardsConfig, RewardsScheduleEntry, RoundsConfig,
    SolutionSignatureConfig,
};
use tig_protocol::{PreciseNumber, WasmVmConfig};

pub(crate) const BLOCKS_PER_ROUND: u32 = 10_080;

/// Name and least value of each parameter, by challenge.
const PARAMETERS: [(&str, [(&str, i32); 2]); 4] = [
    (
        "c001",
        [("num_variables", 50), ("clauses_to_variables_percent", 300)],
    ),
    ("c002", [("num_nodes", 40), ("better_than_baseline", 250)]),
    ("c003", [("num_items", 50), ("better_than_baseline", 10)]),
    ("c004", [("num_queries", 10), ("better_than_baseline", 350)]),
];

/// Fee per precommit: 0.001 TIG.
pub(crate) fn base_fee() -> PreciseNumber {
    PreciseNumber::from_units(1_000_000_000_000_000)
}

/// Fee per nonce: 0.000001 TIG.
pub(crate) fn per_nonce_fee() -> PreciseNumber {
    PreciseNumber::from_units(1_000_000_000_000)
}

pub(crate) fn config() -> ProtocolConfig {
    ProtocolConfig {
        erc20: Erc20Config {
            rpc_url: "http://127.0.0.1/".to_owned(),
            chain_id: "0x2105".to_owned(),
            token_address: format!("0x{}", "0".repeat(40)),
            burn_address: format!("0x{}", "0".repeat(40)),
        },
        benchmark_submissions: BenchmarkSubmissionsConfig {
            min_num_solutions: 1,
            submission_delay_multiplier: 3.0,
            max_samples: 3,
            lifespan_period: 120,
        },
        precommit_submissions: Some(PrecommitSubmissionsConfig {
            min_per_nonce_fee: per_nonce_fee(),
            min_base_fee: base_fee(),
            max_fee_percentage_delta: 0.01,
            target_num_precommits: 7_500,
            topup_amount: PreciseNumber::from_u64(100),
        }),
        wasm_vm: WasmVmConfig {
            max_memory: 1_000_000_000,
            max_fuel: 2_000_000_000,
        },
        solution_signature: SolutionSignatureConfig {
            max_percent_delta: None,
            threshold_decay: Some(0.99),
            equilibrium_rate_multiplier: 10.0,
            percent_error_multiplier: None,
        },
        qualifiers: QualifiersConfig {
            cutoff_phase_in_period: Some(1_440),
            cutoff_multiplier: 1.1,
            total_qualifiers_threshold: 5_000,
            min_cutoff: Some(100),
        },
        difficulty: difficulty(),
        optimisable_proof_of_work: OptimisableProofOfWorkConfig {
            imbalance_multiplier: 3.0,
            avg_percent_qualifiers_multiplier: Some(1.5),
            enable_proof_of_deposit: Some(true),
            rolling_deposit_decay: Some(0.9999),
        },
        rounds: RoundsConfig {
            blocks_per_round: BLOCKS_PER_ROUND,
        },
        algorithm_submissions: AlgorithmSubmissionsConfig {
            submission_fee: base_fee(),
            adoption_threshold: 0.25,
            merge_points_threshold: 5_040,
            push_delay: 2,
        },
        rewards: rewards(),
    }
}

fn difficulty() -> DifficultyConfig {
    let parameters = PARAMETERS.into_iter().map(|(challenge_id, parameters)| {
        let parameters = parameters.map(|(name, min_value)| DifficultyParameter {
            name: name.to_owned(),
            min_value,
            max_value: if name == "better_than_baseline" {
                999
            } else {
                i32::MAX
            },
        });
        (challenge_id.to_owned(), parameters.to_vec())
    });
    DifficultyConfig {
        max_scaling_factor: 1.125,
        parameters: parameters.collect(),
    }
}

fn rewards() -> RewardsConfig {
    RewardsConfig {
        distribution: RewardDistribution {
            benchmarkers: 0.85,
            optimisations: 0.15,
            breakthroughs: 0.0,
        },
        schedule: vec![RewardsScheduleEntry {
            block_reward: 100.0,
            round_start: 1,
        }],
    }
}
