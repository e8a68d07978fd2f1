//! What a block offers: challenges with their fees, algorithms, and our own balance and open work.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tig_events::{BlockHead, Lenient};
use tig_protocol::PreciseNumber;
use tig_protocol::api::Player;
use tig_protocol::difficulty::Point;

use crate::funnel::{Benchmark, Funnel, Listed, Precommit, Proof, Qualifying, funnels};

/// The part of `new_block` that counts here. An odd record stops no other.
#[derive(Deserialize)]
pub(crate) struct NewBlock {
    block: BlockHead,
    algorithms: BTreeMap<String, Lenient<Algorithm>>,
    wasms: BTreeMap<String, Lenient<Wasm>>,
    #[serde(default)]
    player: Option<Lenient<Player>>,
    #[serde(default)]
    precommits: BTreeMap<String, Lenient<Precommit>>,
    #[serde(default)]
    benchmarks: BTreeMap<String, Lenient<Benchmark>>,
    #[serde(default)]
    proofs: BTreeMap<String, Lenient<Proof>>,
    #[serde(default)]
    frauds: BTreeMap<String, IgnoredAny>,
    challenges: BTreeMap<String, Lenient<Challenge>>,
}

/// What is read of an algorithm.
#[derive(Deserialize)]
struct Algorithm {
    id: String,
    details: AlgorithmDetails,
    state: Option<AlgorithmState>,
    block_data: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct AlgorithmDetails {
    name: String,
    challenge_id: String,
}

#[derive(Deserialize)]
struct AlgorithmState {
    banned: bool,
}

/// What is read of a module.
#[derive(Deserialize)]
struct Wasm {
    algorithm_id: String,
    details: WasmDetails,
}

#[derive(Deserialize)]
struct WasmDetails {
    compile_success: bool,
    download_url: Option<IgnoredAny>,
}

/// What is read of a challenge.
#[derive(Deserialize)]
struct Challenge {
    id: String,
    details: ChallengeDetails,
    block_data: Option<ChallengeData>,
}

#[derive(Deserialize)]
struct ChallengeDetails {
    name: String,
}

#[derive(Deserialize)]
struct ChallengeData {
    base_fee: Option<PreciseNumber>,
    per_nonce_fee: Option<PreciseNumber>,
    /// Nothing is decided by them.
    #[serde(default)]
    qualifier_difficulties: Option<Lenient<BTreeSet<Point>>>,
}

/// The facts of one block that decisions rest on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Market {
    pub(crate) block_id: String,
    pub(crate) height: u32,
    /// See [`LifespanWindow::useful_blocks`](tig_events::LifespanWindow::useful_blocks).
    #[serde(default)]
    pub(crate) useful_blocks: Option<u32>,
    /// See [`LifespanWindow::lifespan_blocks`](tig_events::LifespanWindow::lifespan_blocks).
    #[serde(default)]
    lifespan_blocks: Option<u32>,
    pub(crate) challenges: Vec<ChallengeFacts>,
    pub(crate) algorithms: Vec<AlgorithmFacts>,
    /// Unknown for players that the API does not list, such as new ones.
    pub(crate) balance: Option<PreciseNumber>,
    /// Our listed precommits without a proof that could still count.
    pub(crate) unresolved: usize,
    /// What became of our listed precommits, by challenge id.
    #[serde(default)]
    pub(crate) funnels: BTreeMap<String, Funnel>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ChallengeFacts {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `None` if the challenge is not active at the block.
    pub(crate) fees: Option<Fees>,
}

/// `None` is what the API left out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Fees {
    base: Option<PreciseNumber>,
    per_nonce: Option<PreciseNumber>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct AlgorithmFacts {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) challenge_id: String,
    pub(crate) usability: Usability,
}

/// Whether a precommit with an algorithm would be accepted, and could be computed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Usability {
    Usable,
    /// A benchmark of ours with it is listed as fraud.
    Fraudulent,
    Banned,
    Inactive,
    NotCompiled,
    NoDownloadUrl,
}

impl Fees {
    pub(crate) fn is_known(self) -> bool {
        self.base.is_some() && self.per_nonce.is_some()
    }

    /// What a precommit costs (tig-protocol.md section 9), as far as it is known; `None` if that is beyond 256 bits.
    pub(crate) fn of(self, num_nonces: u32) -> Option<PreciseNumber> {
        let nonces = PreciseNumber::from_u64(u64::from(num_nonces));
        let of_nonces = self.per_nonce.unwrap_or_default().checked_mul(nonces)?;
        self.base.unwrap_or_default().checked_add(of_nonces)
    }
}

impl Market {
    pub(crate) fn new(event: &NewBlock) -> Self {
        let wasms: BTreeMap<&str, &WasmDetails> = sound(&event.wasms)
            .map(|wasm| (wasm.algorithm_id.as_str(), &wasm.details))
            .collect();
        let player = event.player.as_ref().and_then(|player| player.0.as_ref());
        let suspects = event.frauds.keys().filter_map(|id| {
            let precommit = event.precommits.get(id)?.0.as_ref()?;
            let settings = precommit.settings.as_ref()?;
            Some(settings.algorithm_id.clone())
        });
        let suspects: BTreeSet<String> = suspects.collect();
        Self {
            block_id: event.block.id.clone(),
            height: event.block.window.height,
            useful_blocks: event.block.window.useful_blocks,
            lifespan_blocks: event.block.window.lifespan_blocks,
            challenges: sound(&event.challenges).map(challenge_facts).collect(),
            algorithms: sound(&event.algorithms)
                .map(|algorithm| algorithm_facts(&wasms, &suspects, algorithm))
                .collect(),
            balance: player.and_then(|player| player.state.as_ref()?.available_fee_balance),
            unresolved: event.unresolved(),
            funnels: event.funnels(player),
        }
    }

    /// Blocks within which something of a benchmark counts, as far as the block says so.
    pub(crate) fn counting_blocks(&self) -> Option<u32> {
        self.useful_blocks.or(self.lifespan_blocks)
    }

    /// Name of a challenge, or its id if the block does not list it.
    pub(crate) fn challenge_name<'a>(&'a self, challenge_id: &'a str) -> &'a str {
        let mut challenges = self.challenges.iter();
        challenges
            .find(|challenge| challenge.id == challenge_id)
            .map_or(challenge_id, |challenge| &challenge.name)
    }
}

impl NewBlock {
    /// Those that are too late are not worked on, so they take no room from others.
    fn unresolved(&self) -> usize {
        let window = self.block.window;
        let open = self.precommits.iter().filter(|(id, precommit)| {
            let started = precommit.0.as_ref().and_then(Precommit::block_started);
            let is_too_late =
                started.is_some_and(|started| match self.benchmarks.contains_key(*id) {
                    true => window.is_too_late(started),
                    false => window.is_too_late_to_benchmark(started),
                });
            !is_too_late && !self.proofs.contains_key(*id)
        });
        open.count()
    }

    fn funnels(&self, player: Option<&Player>) -> BTreeMap<String, Funnel> {
        let listed = Listed {
            precommits: &self.precommits,
            benchmarks: &self.benchmarks,
            proofs: &self.proofs,
            frauds: &self.frauds,
        };
        let data = player.and_then(|player| player.block_data.as_ref());
        let solutions = data.and_then(|data| data.num_qualifiers_by_challenge.as_ref());
        let qualifying = Qualifying {
            difficulties: sound(&self.challenges)
                .filter_map(qualifier_difficulties)
                .collect(),
            solutions,
        };
        funnels(&self.block, &listed, &qualifying)
    }
}

fn qualifier_difficulties(challenge: &Challenge) -> Option<(&str, &BTreeSet<Point>)> {
    let data = challenge.block_data.as_ref()?;
    let difficulties = data.qualifier_difficulties.as_ref()?;
    Some((challenge.id.as_str(), difficulties.0.as_ref()?))
}

fn challenge_facts(challenge: &Challenge) -> ChallengeFacts {
    let fees = challenge.block_data.as_ref().map(|data| Fees {
        base: data.base_fee,
        per_nonce: data.per_nonce_fee,
    });
    ChallengeFacts {
        id: challenge.id.clone(),
        name: challenge.details.name.clone(),
        fees,
    }
}

fn algorithm_facts(
    wasms: &BTreeMap<&str, &WasmDetails>,
    suspects: &BTreeSet<String>,
    algorithm: &Algorithm,
) -> AlgorithmFacts {
    let wasm = wasms.get(algorithm.id.as_str());
    let usability = if suspects.contains(&algorithm.id) {
        Usability::Fraudulent
    } else if algorithm.state.as_ref().is_some_and(|state| state.banned) {
        Usability::Banned
    } else if algorithm.block_data.is_none() {
        Usability::Inactive
    } else if !wasm.is_some_and(|wasm| wasm.compile_success) {
        Usability::NotCompiled
    } else if wasm.is_some_and(|wasm| wasm.download_url.is_none()) {
        Usability::NoDownloadUrl
    } else {
        Usability::Usable
    };
    AlgorithmFacts {
        id: algorithm.id.clone(),
        name: algorithm.details.name.clone(),
        challenge_id: algorithm.details.challenge_id.clone(),
        usability,
    }
}

fn sound<T>(records: &BTreeMap<String, Lenient<T>>) -> impl Iterator<Item = &T> {
    records.values().filter_map(|record| record.0.as_ref())
}
