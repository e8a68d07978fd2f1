//! How far the precommits of the lifespan window have come, by challenge, as a block lists them.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tig_events::{BlockHead, Lenient};
use tig_protocol::PreciseNumber;
use tig_protocol::difficulty::Point;

/// What is read of a precommit.
#[derive(Deserialize)]
pub(crate) struct Precommit {
    #[serde(default)]
    details: Option<PrecommitDetails>,
    pub(crate) settings: Option<Settings>,
}

impl Precommit {
    /// Height from which the lifespan counts.
    pub(crate) fn block_started(&self) -> Option<u32> {
        Some(self.details.as_ref()?.block_started)
    }
}

#[derive(Deserialize)]
struct PrecommitDetails {
    block_started: u32,
    fee_paid: Option<PreciseNumber>,
}

#[derive(Deserialize)]
pub(crate) struct Settings {
    pub(crate) algorithm_id: String,
    #[serde(default)]
    challenge_id: String,
    #[serde(default)]
    difficulty: Point,
}

/// What is read of a benchmark.
#[derive(Deserialize)]
pub(crate) struct Benchmark {
    details: BenchmarkDetails,
}

#[derive(Deserialize)]
struct BenchmarkDetails {
    num_solutions: u32,
}

/// What is read of a proof.
#[derive(Deserialize)]
pub(crate) struct Proof {
    #[serde(default)]
    state: Option<ProofState>,
}

#[derive(Deserialize)]
struct ProofState {
    block_confirmed: Option<u32>,
    submission_delay: Option<u32>,
}

/// This player's records, by benchmark id.
pub(crate) struct Listed<'a> {
    pub(crate) precommits: &'a BTreeMap<String, Lenient<Precommit>>,
    pub(crate) benchmarks: &'a BTreeMap<String, Lenient<Benchmark>>,
    pub(crate) proofs: &'a BTreeMap<String, Lenient<Proof>>,
    pub(crate) frauds: &'a BTreeMap<String, IgnoredAny>,
}

/// What decides which benchmarks qualify.
pub(crate) struct Qualifying<'a> {
    /// By challenge id; challenges that the block shows none of are left out.
    pub(crate) difficulties: BTreeMap<&'a str, &'a BTreeSet<Point>>,
    /// This player's solutions that qualify, by challenge id; `None` if the block does not list the player.
    pub(crate) solutions: Option<&'a BTreeMap<String, u32>>,
}

/// Benchmarks of one challenge by how far they have come, each number a part of the one before.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Funnel {
    pub(crate) precommits: u64,
    pub(crate) benchmarks: u64,
    pub(crate) proofs: u64,
    /// Those whose delay is over (tig-protocol.md section 8); `None` if the block does not show it.
    pub(crate) active: Option<u64>,
    /// Active ones with a solution at a difficulty that qualifies.
    pub(crate) qualifying: Option<u64>,
    /// This player's solutions that qualify.
    pub(crate) qualifiers: Option<u32>,
    pub(crate) frauds: u64,
    /// Paid for the precommits.
    pub(crate) fees: PreciseNumber,
}

/// By challenge id.
pub(crate) fn funnels(
    head: &BlockHead,
    listed: &Listed<'_>,
    qualifying: &Qualifying<'_>,
) -> BTreeMap<String, Funnel> {
    let mut funnels: BTreeMap<String, Funnel> = BTreeMap::new();
    for (id, precommit) in listed.precommits {
        let Some(precommit) = &precommit.0 else {
            continue;
        };
        let Some(settings) = &precommit.settings else {
            continue;
        };
        let challenge_id = settings.challenge_id.as_str();
        let funnel = funnels.entry(challenge_id.to_owned()).or_insert_with(|| {
            let solutions = qualifying.solutions;
            Funnel {
                active: Some(0),
                qualifying: Some(0),
                qualifiers: solutions.map(|by| by.get(challenge_id).copied().unwrap_or(0)),
                ..Funnel::default()
            }
        });
        let fee = precommit.details.as_ref().and_then(|paid| paid.fee_paid);
        let fees = funnel.fees.checked_add(fee.unwrap_or_default());
        funnel.fees = fees.unwrap_or(funnel.fees);
        funnel.precommits += 1;
        funnel.frauds += u64::from(listed.frauds.contains_key(id));
        let (benchmark, proof) = (listed.benchmarks.get(id), listed.proofs.get(id));
        funnel.benchmarks += u64::from(benchmark.is_some() || proof.is_some());
        let Some(proof) = proof else { continue };
        funnel.proofs += 1;
        let is_fraud = listed.frauds.contains_key(id);
        let is_active = if is_fraud {
            Some(false)
        } else {
            is_active(head, precommit, proof.0.as_ref())
        };
        add(&mut funnel.active, is_active);
        let benchmark = benchmark.and_then(|benchmark| benchmark.0.as_ref());
        let qualifies = match is_active {
            Some(true) => qualifies(settings, benchmark, qualifying),
            known => known,
        };
        add(&mut funnel.qualifying, qualifies);
    }
    funnels
}

/// One unknown benchmark makes the number unknown.
fn add(count: &mut Option<u64>, is_one: Option<bool>) {
    *count = count
        .zip(is_one)
        .map(|(count, is_one)| count + u64::from(is_one));
}

/// Whether the benchmark counts at the block; `None` if the block does not show it.
fn is_active(head: &BlockHead, precommit: &Precommit, proof: Option<&Proof>) -> Option<bool> {
    let state = proof?.state.as_ref()?;
    let (confirmed, delay) = (state.block_confirmed?, state.submission_delay?);
    let multiplier = head.submission_delay_multiplier.filter(|m| *m >= 0.0)?;
    let waits = (f64::from(delay) * multiplier) as u32;
    let height = head.window.height;
    let is_in_window = !head
        .window
        .is_expired(precommit.details.as_ref()?.block_started);
    Some(is_in_window && confirmed < height && confirmed.saturating_add(waits) <= height)
}

/// Whether an active benchmark has solutions where they qualify.
fn qualifies(
    settings: &Settings,
    benchmark: Option<&Benchmark>,
    qualifying: &Qualifying<'_>,
) -> Option<bool> {
    let challenge_id = settings.challenge_id.as_str();
    let solutions = qualifying.solutions.map(|by| by.get(challenge_id));
    if matches!(solutions, Some(None | Some(0))) {
        return Some(false);
    }
    let difficulties = qualifying.difficulties.get(challenge_id)?;
    let has_solutions = benchmark?.details.num_solutions > 0;
    Some(has_solutions && difficulties.contains(&settings.difficulty))
}
