//! A network in this process with many players and benchmarks. Solutions are not checked: that is not what is measured.

use std::sync::Arc;

use tig_bench_report::Result;
use tig_challenges::ChallengeKind;
use tig_devnet::{
    DeclaredSolution, Genesis, Network, PublishedAlgorithm, SolutionCheck, Verdict, devnet_config,
};
use tig_protocol::api::{SubmitBenchmarkRequest, SubmitPrecommitRequest, SubmitProofRequest};
use tig_protocol::difficulty::{Point, Position, lower_and_upper, position};
use tig_protocol::rng::{ChaCha12, Rng as _};
use tig_protocol::{BenchmarkSettings, MerkleProof, MerkleTree, OutputData, Solution};

const PLAYERS: usize = 100;
const ALGORITHMS_PER_CHALLENGE: usize = 4;
const NUM_NONCES: u32 = 64;
const NUM_SOLUTIONS: u64 = 5;

#[derive(Debug)]
struct Unchecked;

impl SolutionCheck for Unchecked {
    fn solves(&self, _: DeclaredSolution<'_>) -> bool {
        true
    }
}

pub(crate) struct Crowded {
    pub(crate) network: Network,
    /// The same for every benchmark: a leaf does not depend on it.
    tree: MerkleTree,
    rng: ChaCha12,
}

impl Crowded {
    pub(crate) fn new() -> Result<Self> {
        let algorithms = |kind| {
            (1..=ALGORITHMS_PER_CHALLENGE)
                .map(move |number| PublishedAlgorithm::pretended(kind, number, "pretended"))
        };
        let network = Network::new(Genesis {
            seed: 1,
            config: devnet_config(),
            player_ids: (0..PLAYERS).map(player_id).collect(),
            algorithms: ChallengeKind::ALL
                .into_iter()
                .flat_map(algorithms)
                .collect(),
            download_base_url: String::new(),
            solution_check: Arc::new(Unchecked),
        })?;
        let leaves = (0..u64::from(NUM_NONCES)).map(|nonce| leaf(nonce).leaf_hash());
        Ok(Self {
            network,
            tree: MerkleTree::new(leaves.collect(), u64::from(NUM_NONCES))?,
            rng: ChaCha12::seed_from_u64(1),
        })
    }

    /// Submits so many precommits with settings of their own at the latest block, shared out among players, challenges and
    /// algorithms, at any admissible difficulty; returns their ids with their players.
    pub(crate) fn precommit(&mut self, count: usize) -> Result<Vec<(String, String)>> {
        let block_id = self.network.status().block_id;
        let points = self.admissible(&block_id)?;
        let mut ids = Vec::with_capacity(count);
        for number in 0.. {
            if ids.len() == count {
                break;
            }
            let kind = number % ChallengeKind::ALL.len();
            let points = &points[kind];
            let settings = BenchmarkSettings {
                player_id: player_id(self.below(PLAYERS)),
                block_id: block_id.clone(),
                challenge_id: ChallengeKind::ALL[kind].id().to_owned(),
                algorithm_id: format!(
                    "{}_a{:03}",
                    ChallengeKind::ALL[kind].id(),
                    1 + self.below(ALGORITHMS_PER_CHALLENGE)
                ),
                difficulty: points[self.below(points.len())].clone(),
            };
            let player_id = settings.player_id.clone();
            let request = SubmitPrecommitRequest {
                settings,
                num_nonces: NUM_NONCES,
            };
            // The same settings may have been drawn before.
            if let Ok(id) = self.network.submit_precommit(&player_id, request) {
                ids.push((id, player_id));
            }
            if number > count * 10 {
                return Err("there are not enough different settings".into());
            }
        }
        Ok(ids)
    }

    pub(crate) fn submit_benchmarks(&mut self, ids: &[(String, String)]) -> Result<()> {
        for (id, player_id) in ids {
            let request = SubmitBenchmarkRequest {
                benchmark_id: id.clone(),
                merkle_root: self.tree.root(),
                solution_nonces: (0..NUM_SOLUTIONS).collect(),
            };
            self.network.submit_benchmark(player_id, request)?;
        }
        Ok(())
    }

    /// Submits the proofs and lets their re-executions agree.
    pub(crate) fn submit_proofs(&mut self, ids: &[(String, String)]) -> Result<()> {
        for (id, player_id) in ids {
            let data = self.network.get_benchmark_data(id)?;
            let state = data.benchmark.and_then(|benchmark| benchmark.state);
            let sampled = state.and_then(|state| state.sampled_nonces);
            let proof = |nonce: u64| -> Result<MerkleProof> {
                Ok(MerkleProof {
                    leaf: leaf(nonce),
                    branch: self.tree.branch(nonce)?,
                })
            };
            let merkle_proofs: Result<Vec<_>> =
                sampled.unwrap_or_default().into_iter().map(proof).collect();
            let request = SubmitProofRequest {
                benchmark_id: id.clone(),
                merkle_proofs: merkle_proofs?,
            };
            self.network.submit_proof(player_id, request)?;
            let reexecution = self.network.next_reexecution().ok_or("no proof waits")?;
            self.network
                .record_reexecution(reexecution.benchmark_id(), &Verdict::Agrees);
        }
        Ok(())
    }

    /// The admissible difficulties of each challenge.
    fn admissible(&self, block_id: &str) -> Result<Vec<Vec<Point>>> {
        let challenges = self.network.get_challenges(block_id)?.challenges;
        let points = challenges.into_iter().map(|challenge| {
            let data = challenge.block_data?;
            let (base, scaled) = (data.base_frontier?, data.scaled_frontier?);
            let (lower, upper) = lower_and_upper(&base, &scaled, data.scaling_factor?);
            let range = |axis: usize| {
                let along = || lower.iter().chain(upper).map(|point| point[axis]);
                along().min().unwrap_or(0)..=along().max().unwrap_or(0)
            };
            let all = range(0).flat_map(|x| range(1).map(move |y| vec![x, y]));
            let within = |point: &Point| position(point, lower, upper) == Position::Within;
            Some(all.filter(within).collect())
        });
        let points: Option<Vec<Vec<Point>>> = points.collect();
        Ok(points.ok_or("a challenge without frontiers")?)
    }

    fn below(&mut self, count: usize) -> usize {
        self.rng.below_u64(count as u64) as usize
    }
}

fn player_id(number: usize) -> String {
    format!("0x{number:040x}")
}

fn leaf(nonce: u64) -> OutputData {
    OutputData {
        nonce,
        runtime_signature: 1,
        fuel_consumed: 2,
        solution: Solution::new(),
    }
}
