//! Blocks are produced whatever was submitted.

use proptest::prelude::*;
use tig_challenges::ChallengeKind;
use tig_devnet::{Network, PlayerType, Verdict, devnet_config};
use tig_protocol::api::{SubmitBenchmarkRequest, SubmitPrecommitRequest, SubmitProofRequest};
use tig_protocol::{MerkleHash, MerkleProof, OutputData, PreciseNumber};

use crate::support::{self, PLAYER_ID};

#[derive(Debug, Clone)]
enum Step {
    Block,
    Precommit {
        kind: usize,
        difficulty: Vec<i32>,
        num_nonces: u32,
    },
    Benchmark {
        index: usize,
        solution_nonces: Vec<u64>,
    },
    Proof {
        index: usize,
        sampled: bool,
        branch: bool,
    },
    Reexecute {
        agrees: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let coordinate = || prop_oneof![9 => 0..70i32, 9 => 295..325i32, 1 => any::<i32>()];
    let num_nonces = prop_oneof![9 => 0..20u32, 1 => any::<u32>()];
    let nonce = || prop_oneof![9 => 0..20u64, 1 => any::<u64>()];
    prop_oneof![
        4 => Just(Step::Block),
        4 => (0..2usize, proptest::collection::vec(coordinate(), 1..4), num_nonces)
            .prop_map(|(kind, difficulty, num_nonces)| Step::Precommit { kind, difficulty, num_nonces }),
        2 => (0..2usize, 50..56i32, 1..20u32).prop_map(|(kind, first, num_nonces)| {
            let difficulty = vec![first, if kind == 0 { 300 } else { 10 }];
            Step::Precommit { kind, difficulty, num_nonces }
        }),
        4 => (0..9usize, proptest::collection::vec(nonce(), 0..20))
            .prop_map(|(index, solution_nonces)| Step::Benchmark { index, solution_nonces }),
        4 => (0..9usize, any::<bool>(), any::<bool>())
            .prop_map(|(index, sampled, branch)| Step::Proof { index, sampled, branch }),
        2 => any::<bool>().prop_map(|agrees| Step::Reexecute { agrees }),
    ]
}

fn id_at(network: &Network, index: usize) -> String {
    network
        .status()
        .benchmarks
        .get(index)
        .map_or_else(|| "none".to_owned(), |status| status.benchmark_id.clone())
}

fn proof(
    network: &Network,
    benchmark_id: String,
    sampled: bool,
    branch: bool,
) -> SubmitProofRequest {
    let sampled_nonces = network
        .get_benchmark_data(&benchmark_id)
        .ok()
        .and_then(|data| data.benchmark?.state?.sampled_nonces)
        .filter(|_| sampled)
        .unwrap_or_default();
    let branch = if branch {
        "07".to_owned() + &"ab".repeat(32)
    } else {
        String::new()
    };
    let merkle_proof = |nonce| MerkleProof {
        leaf: OutputData {
            nonce,
            runtime_signature: 1,
            fuel_consumed: 2,
            solution: Default::default(),
        },
        branch: branch.parse().unwrap(),
    };
    SubmitProofRequest {
        benchmark_id,
        merkle_proofs: sampled_nonces.into_iter().map(merkle_proof).collect(),
    }
}

/// Refusals are as good as acceptances here.
fn apply(network: &mut Network, step: Step) {
    match step {
        Step::Block => {
            network.produce_block();
        }
        Step::Precommit {
            kind,
            difficulty,
            num_nonces,
        } => {
            let mut settings = support::settings(network, ChallengeKind::ALL[kind]);
            settings.difficulty = difficulty;
            let _ = network.submit_precommit(
                PLAYER_ID,
                SubmitPrecommitRequest {
                    settings,
                    num_nonces,
                },
            );
        }
        Step::Benchmark {
            index,
            solution_nonces,
        } => {
            let benchmark_id = id_at(network, index);
            let merkle_root = MerkleHash([0; 32]);
            let request = SubmitBenchmarkRequest {
                benchmark_id,
                merkle_root,
                solution_nonces,
            };
            let _ = network.submit_benchmark(PLAYER_ID, request);
        }
        Step::Proof {
            index,
            sampled,
            branch,
        } => {
            let request = proof(network, id_at(network, index), sampled, branch);
            let _ = network.submit_proof(PLAYER_ID, request);
        }
        Step::Reexecute { agrees } => {
            let verdict = if agrees {
                Verdict::Agrees
            } else {
                Verdict::Inconclusive(String::new())
            };
            if let Some(reexecution) = network.next_reexecution() {
                network.record_reexecution(reexecution.benchmark_id(), &verdict);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_follow_each_other_and_money_is_conserved(steps in proptest::collection::vec(step(), 1..80)) {
        let mut config = devnet_config();
        // A short window, so that a run sees things leave it; fees that a player can run out of.
        config.benchmark_submissions.lifespan_period = 12;
        config.rounds.blocks_per_round = 5;
        config.precommit_submissions.as_mut().unwrap().min_base_fee = PreciseNumber::from_u64(90_000);
        let mut network = support::network_with(1, config);
        for step in steps {
            let before = network.status();
            let produces = matches!(step, Step::Block);
            apply(&mut network, step);
            let after = network.status();
            prop_assert_eq!(after.height, before.height + u32::from(produces));

            let state = network.get_fee_balance(&after.block_id, PLAYER_ID).unwrap().state;
            let paid = state.total_fees_paid.unwrap();
            let total = paid.checked_add(state.available_fee_balance.unwrap());
            prop_assert_eq!(total, Some(PreciseNumber::from_u64(1_000_000)));

            let listed = network.get_benchmarks(&after.block_id, PLAYER_ID).unwrap();
            let data = network.get_block(None, true).block.unwrap().data.unwrap();
            if produces {
                for id in &data.confirmed_proof_ids {
                    prop_assert!(listed.proofs.iter().any(|proof| &proof.benchmark_id == id));
                }
            }
            for benchmark in &listed.benchmarks {
                prop_assert!(listed.precommits.iter().any(|precommit| precommit.benchmark_id == benchmark.id));
            }
            network.get_players(&after.block_id, PlayerType::Benchmarker).unwrap();
        }
    }
}
