//! A network whose solutions nobody checks, for tests of what follows from them.

use std::sync::Arc;

use tig_challenges::ChallengeKind;
use tig_devnet::{DeclaredSolution, Genesis, Network, PublishedAlgorithm, SolutionCheck, Verdict};
use tig_protocol::api::{ProtocolConfig, SubmitPrecommitRequest};
use tig_protocol::{BenchmarkSettings, OutputData, Solution};

use crate::support::{self, Claim, NUM_NONCES, PLAYER_ID};

#[derive(Debug)]
pub(crate) struct Gullible;

impl SolutionCheck for Gullible {
    fn solves(&self, _: DeclaredSolution<'_>) -> bool {
        true
    }
}

/// Two algorithms for each challenge.
pub(crate) fn network(config: ProtocolConfig) -> Network {
    let algorithm = |kind| [1, 2].map(|number| PublishedAlgorithm::pretended(kind, number, "none"));
    Network::new(Genesis {
        seed: 5,
        config,
        player_ids: vec![PLAYER_ID.to_owned()],
        algorithms: ChallengeKind::ALL.into_iter().flat_map(algorithm).collect(),
        download_base_url: String::new(),
        solution_check: Arc::new(Gullible),
    })
    .unwrap()
}

/// Leaves without content, of which the first ones are called solutions.
pub(crate) fn claim(num_solutions: u32) -> Claim {
    let leaf = |nonce| OutputData {
        nonce,
        runtime_signature: 0,
        fuel_consumed: 0,
        solution: Solution::new(),
    };
    Claim {
        leaves: (0..u64::from(NUM_NONCES)).map(leaf).collect(),
        solution_nonces: (0..u64::from(num_solutions)).collect(),
    }
}

/// Settings at the latest block, of the first algorithm and the least difficulty.
pub(crate) fn settings(
    network: &Network,
    kind: ChallengeKind,
    player_id: &str,
) -> BenchmarkSettings {
    BenchmarkSettings {
        player_id: player_id.to_owned(),
        ..support::settings(network, kind)
    }
}

/// Takes benchmarks with so many solutions each up to their confirmed proofs.
pub(crate) fn prove(
    network: &mut Network,
    benchmarks: Vec<(BenchmarkSettings, u32)>,
) -> Vec<String> {
    let mut submitted = Vec::new();
    for (settings, num_solutions) in benchmarks {
        let player_id = settings.player_id.clone();
        let request = SubmitPrecommitRequest {
            settings,
            num_nonces: NUM_NONCES,
        };
        let id = network.submit_precommit(&player_id, request).unwrap();
        submitted.push((id, player_id, claim(num_solutions)));
    }
    network.produce_block();
    for (id, player_id, claim) in &submitted {
        network
            .submit_benchmark(player_id, claim.benchmark(id))
            .unwrap();
    }
    network.produce_block();
    for (id, player_id, claim) in &submitted {
        let data = network.get_benchmark_data(id).unwrap();
        let sampled = data.benchmark.unwrap().state.unwrap().sampled_nonces;
        network
            .submit_proof(player_id, claim.proof(id, &sampled.unwrap()))
            .unwrap();
    }
    while let Some(reexecution) = network.next_reexecution() {
        network.record_reexecution(reexecution.benchmark_id(), &Verdict::Agrees);
    }
    network.produce_block();
    submitted.into_iter().map(|(id, ..)| id).collect()
}
