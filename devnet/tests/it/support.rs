//! A network with the small algorithms of the golden vectors, and an honest benchmarker.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tig_challenges::ChallengeKind;
use tig_devnet::{
    ApiKey, Genesis, Keys, Network, ProofVerdict, ProtocolError, PublishedAlgorithm, RealCheck,
    Stage, Verdict, devnet_config,
};
use tig_protocol::api::{
    ProtocolConfig, SubmitBenchmarkRequest, SubmitPrecommitRequest, SubmitProofRequest,
};
use tig_protocol::{BenchmarkSettings, MerkleProof, MerkleTree, OutputData};
use tig_worker::{Limits, Outcome, compute_nonce};

pub(crate) const PLAYER_ID: &str = "0x1111111111111111111111111111111111111111";
pub(crate) const API_KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const NUM_NONCES: u32 = 20;

/// The module of the golden vectors that solves the challenge.
pub(crate) fn mini_wasm(kind: ChallengeKind) -> Vec<u8> {
    let path: PathBuf = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/wasms.json").into();
    let vectors: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let name = format!("mini/{}", kind.name());
    let module = vectors["mini"]
        .as_array()
        .unwrap()
        .iter()
        .find(|module| module["name"] == name.as_str())
        .unwrap();
    hex::decode(module["wasm_hex"].as_str().unwrap()).unwrap()
}

pub(crate) fn algorithms() -> Vec<PublishedAlgorithm> {
    ChallengeKind::ALL
        .into_iter()
        .map(|kind| PublishedAlgorithm::compile(kind, 1, "mini", &mini_wasm(kind)).unwrap())
        .collect()
}

pub(crate) fn network(seed: u64) -> Network {
    network_with(seed, devnet_config())
}

pub(crate) fn network_with(seed: u64, config: ProtocolConfig) -> Network {
    Network::new(Genesis {
        seed,
        config,
        player_ids: vec![PLAYER_ID.to_owned()],
        algorithms: algorithms(),
        download_base_url: "http://127.0.0.1:1/devnet/wasm".to_owned(),
        solution_check: Arc::new(RealCheck),
    })
    .unwrap()
}

/// The key of the player.
pub(crate) fn keys() -> Keys {
    let mut keys = Keys::default();
    keys.insert(&ApiKey::new(API_KEY).unwrap(), PLAYER_ID);
    keys
}

/// Settings that the network accepts at its latest block.
pub(crate) fn settings(network: &Network, kind: ChallengeKind) -> BenchmarkSettings {
    let (difficulty, algorithm_id) = match kind {
        ChallengeKind::Satisfiability => (vec![50, 300], "c001_a001"),
        ChallengeKind::VehicleRouting => (vec![40, 250], "c002_a001"),
        ChallengeKind::Knapsack => (vec![50, 10], "c003_a001"),
        ChallengeKind::VectorSearch => (vec![10, 350], "c004_a001"),
    };
    BenchmarkSettings {
        player_id: PLAYER_ID.to_owned(),
        block_id: network.status().block_id,
        challenge_id: kind.id().to_owned(),
        algorithm_id: algorithm_id.to_owned(),
        difficulty,
    }
}

pub(crate) fn submit_precommit(
    network: &mut Network,
    settings: BenchmarkSettings,
) -> Result<String, ProtocolError> {
    network.submit_precommit(
        PLAYER_ID,
        SubmitPrecommitRequest {
            settings,
            num_nonces: NUM_NONCES,
        },
    )
}

/// What a player claims about all nonces of a benchmark.
pub(crate) struct Claim {
    /// Leaf index = nonce.
    pub(crate) leaves: Vec<OutputData>,
    pub(crate) solution_nonces: Vec<u64>,
}

impl Claim {
    /// The truth.
    pub(crate) fn compute(settings: &BenchmarkSettings, rand_hash: &str) -> Self {
        let algorithm = algorithms()
            .into_iter()
            .find(|algorithm| algorithm.id == settings.algorithm_id)
            .unwrap();
        let compiled = algorithm.compiled.as_ref().unwrap();
        let mut claim = Self {
            leaves: Vec::new(),
            solution_nonces: Vec::new(),
        };
        for nonce in 0..u64::from(NUM_NONCES) {
            let limits = Limits::default();
            let computed = compute_nonce(compiled, settings, rand_hash, nonce, &limits).unwrap();
            if computed.outcome == Outcome::Solved {
                claim.solution_nonces.push(nonce);
            }
            claim.leaves.push(computed.output);
        }
        claim
    }

    fn tree(&self) -> MerkleTree {
        let hashes = self.leaves.iter().map(OutputData::leaf_hash).collect();
        MerkleTree::new(hashes, u64::from(NUM_NONCES).next_power_of_two()).unwrap()
    }

    pub(crate) fn benchmark(&self, benchmark_id: &str) -> SubmitBenchmarkRequest {
        SubmitBenchmarkRequest {
            benchmark_id: benchmark_id.to_owned(),
            merkle_root: self.tree().root(),
            solution_nonces: self.solution_nonces.clone(),
        }
    }

    pub(crate) fn proof(&self, benchmark_id: &str, sampled_nonces: &[u64]) -> SubmitProofRequest {
        let tree = self.tree();
        let proof = |&nonce: &u64| MerkleProof {
            leaf: self.leaves[usize::try_from(nonce).unwrap()].clone(),
            branch: tree.branch(nonce).unwrap(),
        };
        SubmitProofRequest {
            benchmark_id: benchmark_id.to_owned(),
            merkle_proofs: sampled_nonces.iter().map(proof).collect(),
        }
    }
}

/// A benchmark that is confirmed and waits for its proof.
pub(crate) struct Sampled {
    pub(crate) benchmark_id: String,
    pub(crate) sampled_nonces: Vec<u64>,
    /// Goes with the claim of the benchmark.
    pub(crate) proof: SubmitProofRequest,
}

/// Takes a benchmark of the truth, as changed by `tamper`, up to its confirmation.
pub(crate) fn sampled(
    network: &mut Network,
    kind: ChallengeKind,
    tamper: impl FnOnce(&mut Claim),
) -> Sampled {
    let settings = settings(network, kind);
    let benchmark_id = submit_precommit(network, settings.clone()).unwrap();
    let rand_hash = network.produce_block().to_owned();
    let mut claim = Claim::compute(&settings, &rand_hash);
    tamper(&mut claim);
    network
        .submit_benchmark(PLAYER_ID, claim.benchmark(&benchmark_id))
        .unwrap();
    network.produce_block();
    let data = network.get_benchmark_data(&benchmark_id).unwrap();
    let sampled_nonces = data
        .benchmark
        .unwrap()
        .state
        .unwrap()
        .sampled_nonces
        .unwrap();
    let proof = claim.proof(&benchmark_id, &sampled_nonces);
    Sampled {
        benchmark_id,
        sampled_nonces,
        proof,
    }
}

pub(crate) fn submit_proof(
    network: &mut Network,
    proof: SubmitProofRequest,
) -> Result<ProofVerdict, ProtocolError> {
    network.submit_proof(PLAYER_ID, proof)
}

/// Runs every waiting re-execution and returns what they found.
pub(crate) fn reexecute(network: &mut Network) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    while let Some(reexecution) = network.next_reexecution() {
        let verdict = reexecution.run();
        network.record_reexecution(reexecution.benchmark_id(), &verdict);
        verdicts.push(verdict);
    }
    verdicts
}

pub(crate) fn stage(network: &Network, benchmark_id: &str) -> Stage {
    let status = network.status();
    status
        .benchmarks
        .iter()
        .find(|benchmark| benchmark.benchmark_id == benchmark_id)
        .unwrap()
        .stage
}
