//! A network with a benchmark at each stage, and the next good request for each.

use serde_json::{Value, json};
use tig_challenges::ChallengeKind::Satisfiability;
use tig_devnet::{Api, ApiKey, Network, Stage, devnet_config};
use tig_protocol::api::{SubmitBenchmarkRequest, SubmitProofRequest};
use tig_protocol::{BenchmarkSettings, PreciseNumber};

use crate::pretend;
use crate::support::{self, API_KEY, NUM_NONCES, PLAYER_ID};

pub(crate) const OTHER_ID: &str = "0x3333333333333333333333333333333333333333";
pub(crate) const OTHER_KEY: &str = "fedcba9876543210fedcba9876543210";
const NUM_SOLUTIONS: u32 = 7;

/// A request that the network would accept.
#[derive(Debug, Clone)]
pub(crate) struct Good {
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

pub(crate) struct Busy {
    pub(crate) api: Api,
    /// A benchmark at each stage.
    pub(crate) benchmarks: Vec<(Stage, String)>,
    /// One for each submission.
    pub(crate) good: Vec<Good>,
    /// Settings of a precommit that exists.
    pub(crate) settings: BenchmarkSettings,
    /// A transaction that was used.
    pub(crate) tx_hash: String,
}

impl Busy {
    pub(crate) fn new() -> Self {
        let mut network = pretend::network(devnet_config());
        network
            .open_account(OTHER_ID, PreciseNumber::from_u64(1))
            .unwrap();
        let tx_hash = tx_hash('a');
        network.submit_topup(PLAYER_ID, &tx_hash).unwrap();
        let benchmarks = benchmarks(&mut network);
        let settings = settings(&network, 58);
        support::submit_precommit(&mut network, settings.clone()).unwrap();
        let good = good(&network, &benchmarks);
        let mut keys = support::keys();
        keys.insert(&ApiKey::new(OTHER_KEY).unwrap(), OTHER_ID);
        Self {
            api: Api::new(network, keys),
            benchmarks,
            good,
            settings,
            tx_hash,
        }
    }

    /// The good submission to this path.
    pub(crate) fn good(&self, path: &str) -> &Good {
        self.good.iter().find(|good| good.path == path).unwrap()
    }
}

/// The API key that goes with a path.
pub(crate) fn key_for(path: &str) -> &'static str {
    if path == "/request-api-key" {
        ""
    } else {
        API_KEY
    }
}

pub(crate) fn benchmark(benchmark_id: &str) -> SubmitBenchmarkRequest {
    pretend::claim(NUM_SOLUTIONS).benchmark(benchmark_id)
}

pub(crate) fn proof(network: &Network, benchmark_id: &str) -> SubmitProofRequest {
    let data = network.get_benchmark_data(benchmark_id).unwrap();
    let state = data.benchmark.and_then(|benchmark| benchmark.state);
    let sampled = state.and_then(|state| state.sampled_nonces);
    pretend::claim(NUM_SOLUTIONS).proof(benchmark_id, &sampled.unwrap_or_default())
}

fn tx_hash(digit: char) -> String {
    format!("0x{}", digit.to_string().repeat(64))
}

fn settings(network: &Network, first: i32) -> BenchmarkSettings {
    BenchmarkSettings {
        difficulty: vec![first, 300],
        ..pretend::settings(network, Satisfiability, PLAYER_ID)
    }
}

fn benchmarks(network: &mut Network) -> Vec<(Stage, String)> {
    let proven = settings(network, 50);
    let proven = pretend::prove(network, vec![(proven, NUM_SOLUTIONS)]).remove(0);
    let ids: Vec<String> = (51..56)
        .map(|first| {
            let settings = settings(network, first);
            support::submit_precommit(network, settings).unwrap()
        })
        .collect();
    let [fraud, proof_pending, confirmed, pending, precommit] = ids.try_into().unwrap();
    network.produce_block();
    for id in [&fraud, &proof_pending, &confirmed] {
        network.submit_benchmark(PLAYER_ID, benchmark(id)).unwrap();
    }
    network.produce_block();
    let mut bad = proof(network, &fraud);
    bad.merkle_proofs[0].leaf.fuel_consumed += 1;
    network.submit_proof(PLAYER_ID, bad).unwrap();
    network.produce_block();
    network
        .submit_proof(PLAYER_ID, proof(network, &proof_pending))
        .unwrap();
    network
        .submit_benchmark(PLAYER_ID, benchmark(&pending))
        .unwrap();
    let settings = settings(network, 57);
    let waiting = support::submit_precommit(network, settings).unwrap();
    vec![
        (Stage::PrecommitPending, waiting),
        (Stage::Precommit, precommit),
        (Stage::BenchmarkPending, pending),
        (Stage::Benchmark, confirmed),
        (Stage::ProofPending, proof_pending),
        (Stage::Proof, proven),
        (Stage::Fraud, fraud),
    ]
}

fn good(network: &Network, benchmarks: &[(Stage, String)]) -> Vec<Good> {
    let at = |stage| &benchmarks.iter().find(|(at, _)| *at == stage).unwrap().1;
    let body = |value: Result<Value, serde_json::Error>| value.unwrap();
    vec![
        Good {
            path: "/submit-precommit",
            body: json!({"settings": settings(network, 59), "num_nonces": NUM_NONCES}),
        },
        Good {
            path: "/submit-benchmark",
            body: body(serde_json::to_value(benchmark(at(Stage::Precommit)))),
        },
        Good {
            path: "/submit-proof",
            body: body(serde_json::to_value(proof(network, at(Stage::Benchmark)))),
        },
        Good {
            path: "/submit-topup",
            body: json!({"tx_hash": tx_hash('b')}),
        },
        Good {
            path: "/request-api-key",
            body: json!({
                "address": "0x4444444444444444444444444444444444444444",
                "signature": format!("0x{}", "ab".repeat(65)),
            }),
        },
    ]
}
