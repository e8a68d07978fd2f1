//! Whatever comes in whatever order, the network goes on; and the same again to the same.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use tig_challenges::ChallengeKind;
use tig_devnet::{
    Api, ApiKey, FaultPlan, Faults, Keys, Outcome, ProtocolError, Reexecution, Request, Stage,
    Verdict, devnet_config,
};
use tig_protocol::api::{GetBenchmarkDataResponse, ProtocolConfig};
use tig_protocol::{BenchmarkSettings, MerkleProof, OutputData, PreciseNumber};

use crate::digest::digest;
use crate::pretend;
use crate::support::{self, NUM_NONCES, PLAYER_ID};

/// Keys and their players; the last player has no account.
const PLAYERS: [(&str, &str); 3] = [
    ("0123456789abcdef0123456789abcdef", PLAYER_ID),
    (
        "fedcba9876543210fedcba9876543210",
        "0x3333333333333333333333333333333333333333",
    ),
    (
        "00000000000000000000000000000000",
        "0x4444444444444444444444444444444444444444",
    ),
];
const QUERIES: [&str; 7] = [
    "/get-block?include_data",
    "/get-algorithms",
    "/get-players?player_type=benchmarker",
    "/get-benchmarks",
    "/get-challenges",
    "/get-benchmark-data",
    "/get-fee-balance",
];

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Block,
    Rollback,
    Precommit {
        kind: usize,
        algorithm: usize,
        /// Above the minimum.
        harder: (i32, i32),
        /// Which of the blocks there ever were, the latest first.
        block: usize,
        num_nonces: u32,
    },
    Benchmark(Index, u32),
    /// Of a benchmark; without the first nonce, or with one that was tampered with.
    Proof(Index, Flaw),
    TakeReexecution,
    RecordReexecution(Index, u8),
    Topup(u8),
    RequestKey(u8),
    Query(usize, usize, Index),
    Nonsense(String, String, Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    Incomplete,
    Tampered,
}

/// A step, and which player takes it.
pub(crate) fn step() -> impl Strategy<Value = (usize, Step)> {
    let index = any::<Index>;
    let player = prop_oneof![9 => Just(0usize), 3 => 1..3usize];
    let num_nonces = prop_oneof![9 => Just(NUM_NONCES), 1 => 0..3u32, 1 => any::<u32>()];
    let block = || prop_oneof![9 => Just(0usize), 1 => 0..30usize];
    let harder = (-1..9i32, -1..4i32);
    let precommit = (0..4usize, 1..4usize, harder, block(), num_nonces).prop_map(
        |(kind, algorithm, harder, block, num_nonces)| Step::Precommit {
            kind,
            algorithm,
            harder,
            block,
            num_nonces,
        },
    );
    let flaw =
        prop_oneof![8 => Just(Flaw::None), 1 => Just(Flaw::Incomplete), 1 => Just(Flaw::Tampered)];
    let step = prop_oneof![
        6 => Just(Step::Block),
        1 => Just(Step::Rollback),
        8 => precommit,
        8 => (index(), 0..NUM_NONCES + 2).prop_map(|(of, count)| Step::Benchmark(of, count)),
        8 => (index(), flaw).prop_map(|(of, flaw)| Step::Proof(of, flaw)),
        5 => Just(Step::TakeReexecution),
        6 => (index(), any::<u8>()).prop_map(|(of, verdict)| Step::RecordReexecution(of, verdict)),
        1 => any::<u8>().prop_map(Step::Topup),
        1 => any::<u8>().prop_map(Step::RequestKey),
        3 => (0..QUERIES.len(), block(), index()).prop_map(|(path, block, of)| Step::Query(path, block, of)),
        1 => ("[A-Z]{1,7}", "/.{0,30}", any::<Vec<u8>>())
            .prop_map(|(method, path, body)| Step::Nonsense(method, path, body)),
    ];
    (player, step)
}

/// A network with a short window and short rounds, whose solutions are active soon and whose fees players can run out of.
fn config() -> ProtocolConfig {
    let mut config = devnet_config();
    config.benchmark_submissions.lifespan_period = 12;
    config.benchmark_submissions.submission_delay_multiplier = 0.5;
    config.rounds.blocks_per_round = 5;
    config.qualifiers.total_qualifiers_threshold = 10;
    let fees = config.precommit_submissions.as_mut().unwrap();
    fees.min_base_fee = PreciseNumber::from_u64(30_000);
    fees.target_num_precommits = 1;
    config
}

/// Everything that can go wrong, now and then.
fn faults() -> Faults {
    let faults = [
        json!({"reject": {"text": "no"}}),
        json!({"too_many_requests": {"retry_after_s": 1}}),
        json!("server_error"),
        json!("applied_server_error"),
        json!({"timeout": {"applied": true}}),
        json!({"timeout": {"applied": false}}),
        json!({"slow": {"ms": 7}}),
        json!("truncated"),
        json!("html"),
        json!({"stale_block": {"blocks": 3}}),
        json!("empty_listing"),
        json!("rollback"),
        json!({"clock_skew": {"ms": -5}}),
    ];
    let rules: Vec<Value> = faults
        .into_iter()
        .map(|fault| json!({"fault": fault, "rate": 0.01}))
        .collect();
    let plan = json!({"seed": 3, "rules": rules}).to_string();
    Faults::new(FaultPlan::parse(&plan).unwrap())
}

/// Those of all players.
pub(crate) fn keys() -> Keys {
    let mut keys = Keys::default();
    for (key, player_id) in PLAYERS {
        keys.insert(&ApiKey::new(key).unwrap(), player_id);
    }
    keys
}

/// A network, and what was seen of it.
pub(crate) struct Run {
    pub(crate) api: Api,
    faults: Faults,
    /// The latest last.
    block_ids: Vec<String>,
    pub(crate) running: Vec<Reexecution>,
    outcomes: Vec<Outcome>,
}

impl Run {
    pub(crate) fn new() -> Self {
        let mut network = pretend::network(config());
        let (_, second) = PLAYERS[1];
        let balance = PreciseNumber::from_u64(100_000);
        network.open_account(second, balance).unwrap();
        Self {
            block_ids: vec![network.status().block_id],
            api: Api::new(network, keys()),
            faults: faults(),
            running: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    fn ask(&mut self, request: &Request<'_>) {
        let outcome = self.faults.serve(&mut self.api, request);
        self.outcomes.push(outcome);
    }

    fn post(&mut self, path: &str, player: usize, body: &Value) {
        let body = body.to_string();
        self.ask(&Request::post(path, PLAYERS[player].0, body.as_bytes()));
    }

    fn block_id(&self, back: usize) -> String {
        let index = self.block_ids.len().saturating_sub(back + 1);
        self.block_ids[index].clone()
    }

    /// Mostly one at this stage.
    fn benchmark_id(&self, of: Index, stage: Stage) -> String {
        let mut benchmarks = self.api.network().status().benchmarks;
        let any = of.index(8) == 0 || benchmarks.iter().all(|it| it.stage != stage);
        benchmarks.retain(|benchmark| any || benchmark.stage == stage);
        if benchmarks.is_empty() {
            return "none".to_owned();
        }
        of.get(&benchmarks).benchmark_id.clone()
    }

    pub(crate) fn step(&mut self, player: usize, step: Step) {
        match step {
            Step::Block => self.block_ids.push(self.api.produce_block().to_owned()),
            Step::Rollback => {
                self.api.rollback();
            }
            Step::TakeReexecution => self.running.extend(self.api.next_reexecution()),
            Step::RecordReexecution(of, verdict) => self.record(of, verdict),
            Step::Query(path, block, of) => {
                let and = if QUERIES[path].contains('?') {
                    '&'
                } else {
                    '?'
                };
                let (path, block_id) = (QUERIES[path], self.block_id(block));
                let (player_id, id) = (PLAYERS[player].1, self.benchmark_id(of, Stage::Proof));
                let query = format!("block_id={block_id}&player_id={player_id}&benchmark_id={id}");
                self.ask(&Request::get(&format!("{path}{and}{query}")));
            }
            Step::Nonsense(method, path, body) => self.ask(&Request {
                method: &method,
                path_and_query: &path,
                api_key: Some(PLAYERS[player].0),
                if_none_match: Some(&path),
                body: &body,
            }),
            submission => self.submit(player, submission),
        }
    }

    fn submit(&mut self, player: usize, step: Step) {
        let (path, body) = match step {
            Step::Precommit {
                kind,
                algorithm,
                harder,
                block,
                num_nonces,
            } => {
                let kind = ChallengeKind::ALL[kind];
                let least = support::settings(self.api.network(), kind);
                let settings = BenchmarkSettings {
                    player_id: PLAYERS[player].1.to_owned(),
                    block_id: self.block_id(block),
                    algorithm_id: format!("{}_a{algorithm:03}", kind.id()),
                    difficulty: vec![
                        least.difficulty[0] + harder.0,
                        least.difficulty[1] + harder.1,
                    ],
                    ..least
                };
                let body = json!({"settings": settings, "num_nonces": num_nonces});
                ("/submit-precommit", body)
            }
            Step::Benchmark(of, num_solutions) => {
                let id = self.benchmark_id(of, Stage::Precommit);
                let benchmark = pretend::claim(num_solutions).benchmark(&id);
                ("/submit-benchmark", json!(benchmark))
            }
            Step::Proof(of, flaw) => ("/submit-proof", self.proof(of, flaw)),
            Step::Topup(digits) => {
                let tx_hash = format!("0x{}", format!("{digits:02x}").repeat(32));
                ("/submit-topup", json!({"tx_hash": tx_hash}))
            }
            Step::RequestKey(digits) => {
                let address = format!("0x{}", format!("{digits:02x}").repeat(20));
                let signature = format!("0x{}", "ab".repeat(65));
                let body = json!({"address": address, "signature": signature});
                ("/request-api-key", body)
            }
            _ => return,
        };
        self.post(path, player, &body);
    }

    fn proof(&self, of: Index, flaw: Flaw) -> Value {
        let benchmark_id = self.benchmark_id(of, Stage::Benchmark);
        let data = self.api.network().get_benchmark_data(&benchmark_id).ok();
        let sampled = data.and_then(|data| data.benchmark?.state?.sampled_nonces);
        let claim = pretend::claim(0);
        let proof = |nonce: u64| -> MerkleProof {
            if nonce < u64::from(NUM_NONCES) {
                return claim.proof(&benchmark_id, &[nonce]).merkle_proofs.remove(0);
            }
            let leaf = OutputData {
                nonce,
                ..claim.leaves[0].clone()
            };
            let branch = Default::default();
            MerkleProof { leaf, branch }
        };
        let mut proofs: Vec<_> = sampled.unwrap_or_default().into_iter().map(proof).collect();
        match flaw {
            Flaw::None => (),
            Flaw::Incomplete => proofs.truncate(1),
            Flaw::Tampered => proofs.iter_mut().for_each(|it| it.leaf.fuel_consumed = 1),
        }
        json!({"benchmark_id": benchmark_id, "merkle_proofs": proofs})
    }

    fn record(&mut self, of: Index, verdict: u8) {
        if self.running.is_empty() {
            return;
        }
        let reexecution = self.running.remove(of.index(self.running.len()));
        let verdict = match verdict % 8 {
            0 => Verdict::Inconclusive("no reason".to_owned()),
            1 => Verdict::Differs(ProtocolError::InvalidSolution { nonce: 1 }),
            _ => Verdict::Agrees,
        };
        let id = reexecution.benchmark_id();
        self.api.record_reexecution(id, &verdict);
    }
}

/// The heights that confirmed precommit, benchmark and proof, as far as they are confirmed: they ascend, with none left
/// out and none ahead of the chain.
fn is_consistent(data: &GetBenchmarkDataResponse, latest: u32) -> bool {
    let heights = [
        data.precommit
            .as_ref()
            .and_then(|it| it.state.as_ref()?.block_confirmed),
        data.benchmark
            .as_ref()
            .and_then(|it| it.state.as_ref()?.block_confirmed),
        data.proof
            .as_ref()
            .and_then(|it| it.state.as_ref()?.block_confirmed),
    ];
    let confirmed: Vec<u32> = heights.iter().flatten().copied().collect();
    let none_left_out = heights.iter().take(confirmed.len()).all(Option::is_some);
    let fraud = data
        .fraud
        .as_ref()
        .and_then(|it| it.state.as_ref()?.block_confirmed);
    none_left_out
        && confirmed.is_sorted_by(|a, b| a < b)
        && confirmed
            .iter()
            .chain(&fraud)
            .all(|&height| height <= latest)
        && (fraud.is_none() || data.proof.is_some())
}

fn play(steps: &[(usize, Step)]) -> Result<Run, TestCaseError> {
    let mut run = Run::new();
    for (player, step) in steps {
        run.step(*player, step.clone());
        let network = run.api.network();
        let status = network.status();
        for benchmark in &status.benchmarks {
            let data = network.get_benchmark_data(&benchmark.benchmark_id).unwrap();
            prop_assert!(
                is_consistent(&data, status.height),
                "{:?} at {}",
                data,
                status.height
            );
        }
    }
    Ok(run)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_requests_leave_a_repeatable_network(
        steps in proptest::collection::vec(step(), 1..300),
    ) {
        let first = play(&steps)?;
        let second = play(&steps)?;
        prop_assert_eq!(first.outcomes, second.outcomes);
        prop_assert_eq!(first.block_ids, second.block_ids);
        prop_assert_eq!(digest(&first.api), digest(&second.api));
    }
}
